"""How soon it is worth to look again. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from reconciler.models.health import Health
from reconciler.models.workload import Observed, Phase, Workload

#: What takes longer is not watched more closely than the rest.
_YOUNG = timedelta(minutes=2)


def something_moves(seen: Observed, now: datetime) -> bool:
    """Whether anything has just begun to run and is not well yet, or has just begun to end."""
    return any(_moves(one, now) for one in seen.workloads)


def _moves(workload: Workload, now: datetime) -> bool:
    starts = workload.phase is Phase.RUNNING and workload.health is Health.PROGRESSING
    moves = starts or workload.phase is Phase.STOPPING
    return moves and workload.since is not None and now - workload.since < _YOUNG
