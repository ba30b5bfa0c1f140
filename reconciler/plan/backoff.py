"""How long a replica that failed waits for its next attempt."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta

from reconciler.models.health import Health
from reconciler.models.workload import Workload

_BASE = 2.0
_CAP = 300.0
_SETTLED = 300.0


def next_attempt(digest: str, ended: Sequence[Workload]) -> tuple[int, timedelta, str]:
    """The number of the next attempt (0: no failure behind it), how long it waits, and the last failure in words.

    Only the youngest ended workload of the same digest counts, and only when it failed by its own fault (its health is
    Failed) before it had been healthy for 300 seconds: one that was healthy for longer begins anew, and what the site
    did to it (time limit, preemption, node failure, a cancel) is no failure of the service.
    """
    same = [workload for workload in ended if workload.mark.digest == digest]
    if not same:
        return 0, timedelta(), ""
    last = max(same, key=_age)
    if last.health is not Health.FAILED or last.lasted >= _SETTLED:
        return 0, timedelta(), last.reason
    attempt = last.mark.attempt + 1
    return attempt, timedelta(seconds=_seconds(last.mark.service, attempt)), last.reason


def attempt_after(workload: Workload) -> tuple[int, timedelta]:
    """The number of the attempt after one that runs and is unhealthy, and how long it waits.

    As after a failed one; it is never 0, so that a successor is known for what it is.
    """
    healthy = (workload.unhealthy - workload.since).total_seconds() if workload.unhealthy and workload.since else 0.0
    attempt = workload.mark.attempt + 1 if healthy < _SETTLED else 1
    return attempt, timedelta(seconds=_seconds(workload.mark.service, attempt))


def _age(workload: Workload) -> tuple[int, int, float, str]:
    since = workload.since.timestamp() if workload.since else 0.0
    return (workload.mark.generation, workload.mark.attempt, since, workload.id)


def _seconds(service: str, attempt: int) -> float:
    """2, 4, 8 … 300 seconds, plus up to a fifth that depends on the name only, so that services do not move in step."""
    spread = hashlib.sha256(f"{service}/{attempt}".encode()).digest()[0] / 255
    return round(min(_CAP, _BASE * 2.0 ** min(attempt - 1, 20)) * (1 + spread / 5), 1)
