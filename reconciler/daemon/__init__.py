"""Builds everything from Settings and keeps it turning: one thread a target, one for the source, one for the pages."""

from reconciler.daemon.run import run_daemon
from reconciler.daemon.single import Pass, single_pass

__all__ = ["Pass", "run_daemon", "single_pass"]
