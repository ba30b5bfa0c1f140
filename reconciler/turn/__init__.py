"""One turn on one target: look, decide, act, judge, post. Knows the nouns and the seams, and no world by name."""

from reconciler.turn.report import Report
from reconciler.turn.run import Turn
from reconciler.turn.world import World

__all__ = ["Report", "Turn", "World"]
