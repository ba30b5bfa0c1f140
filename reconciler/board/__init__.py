"""The noticeboard: the one mutable thing. Targets post, pages and metrics read; every reading is a frozen value.

`Board` is the whole of it; `tallies` are its counters and histograms, `visits` what its pages were asked for, `uptime`
is how long services were healthy, `starts` is how long workloads waited and how long they took until they were healthy,
`chronicle` is what changed of a service when, and `journal` what happened lately, for those who follow it.
"""

from reconciler.board.board import Board, Moment
from reconciler.board.histogram import BUCKETS, Histogram
from reconciler.board.journal import Journal, in_force, reached
from reconciler.board.tallies import ACTIONS, DRIFT_EVENTS, RESTART_REASONS, RESULTS, Tallies
from reconciler.board.visits import OUTCOMES, VERBS, Visits

__all__ = [
    "ACTIONS",
    "BUCKETS",
    "DRIFT_EVENTS",
    "OUTCOMES",
    "RESTART_REASONS",
    "RESULTS",
    "VERBS",
    "Board",
    "Histogram",
    "Journal",
    "Moment",
    "Tallies",
    "Visits",
    "in_force",
    "reached",
]
