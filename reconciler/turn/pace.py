"""How soon it is worth to look again. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from reconciler.models.health import Health
from reconciler.models.workload import Observed, Phase, Workload

#: A start that takes longer is not watched more closely than the rest.
_YOUNG = timedelta(minutes=2)


def something_starts(seen: Observed, now: datetime) -> bool:
    """Whether anything has begun to run just now, and is not well yet."""
    return any(_starts(one, now) for one in seen.workloads)


def _starts(workload: Workload, now: datetime) -> bool:
    starting = workload.phase is Phase.RUNNING and workload.health is Health.PROGRESSING
    return starting and workload.since is not None and now - workload.since < _YOUNG
