"""Builds everything from Settings and keeps it turning: one thread a target, one for the source, one for the pages.

`daemon.run` is imported by who serves pages only: they take a third of a second to import.
"""

from reconciler.daemon.outputs import TargetOutputs
from reconciler.daemon.single import Pass, single_pass

__all__ = ["Pass", "TargetOutputs", "single_pass"]
