"""The noticeboard: the one mutable thing. Targets post, pages and metrics read; every reading is a frozen value.

`Board` is the whole of it; `tallies` are its counters and histograms, `uptime` is how long services were healthy,
`starts` is how long workloads waited and how long they took until they were healthy, `chronicle` is what changed when.
"""

from reconciler.board.board import Board
from reconciler.board.tallies import (
    ACTIONS,
    BUCKETS,
    DRIFT_EVENTS,
    RESTART_REASONS,
    RESULTS,
    Histogram,
    Tallies,
)

__all__ = [
    "ACTIONS",
    "BUCKETS",
    "DRIFT_EVENTS",
    "RESTART_REASONS",
    "RESULTS",
    "Board",
    "Histogram",
    "Tallies",
]
