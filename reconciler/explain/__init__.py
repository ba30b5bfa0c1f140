"""The story of one service: what is wanted, what is there, what it waits for, what ended, what comes next. Pure.

`tell` is the entrance: one story for each target that knows the service. It tells what the table, the look and the
plan say, and decides nothing.
"""

from reconciler.explain.coming import when
from reconciler.explain.story import Story, explain, tell, unknown

__all__ = ["Story", "explain", "tell", "unknown", "when"]
