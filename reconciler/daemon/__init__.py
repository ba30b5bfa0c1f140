"""Builds everything from Settings and keeps it turning: one thread a target, one for the source, one for the pages."""

from reconciler.daemon.build import make_output
from reconciler.daemon.run import run_daemon
from reconciler.daemon.single import Pass, single_pass

__all__ = ["Pass", "make_output", "run_daemon", "single_pass"]
