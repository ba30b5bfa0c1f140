"""What serves of a service, instance by instance, and whether it starts again and again. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from reconciler.health.checker import key_of
from reconciler.health.replica import Verdict, last_ended
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, Serving
from reconciler.models.workload import Phase, Workload

#: So many failed starts in a row are a crash loop.
LOOP = 3
_WELL = (Health.HEALTHY, Health.SUSPENDED)
_BAD = (Health.DEGRADED, Health.FAILED)


def serving(loads: Iterable[Workload], answers: Mapping[str, bool | None]) -> tuple[Serving, ...]:
    """All instances that run, by replica, the newest generation of each first.

    A group of pods of which not all are ready yet may serve already.
    """
    running = [one for one in loads if one.instances and one.phase is not Phase.ENDED]
    if len(running) > 1:
        running.sort(key=lambda one: (one.mark.replica, -one.mark.generation, one.id))
    found = []
    for one in running:
        for instance in one.instances:
            answer = answers.get(key_of(one, instance)) if answers else None
            up = instance.up and answer is not False
            found.append(Serving(one.mark.replica, one.id, instance, up, answer))
    return tuple(found)


def answers_of(loads: Iterable[Workload], answers: Mapping[str, bool | None]) -> tuple[bool | None, ...]:
    """What each instance answered."""
    return tuple(answers.get(key_of(one, instance)) for one in loads for instance in one.instances)


def looping(loads: Sequence[Workload], attempt: int) -> int:
    """How often in a row it failed soon after its start; 0 when that is no crash loop yet."""
    failed = max((attempt, *(one.restarts for one in loads if one.health not in _WELL)))
    last = last_ended(loads) if loads and all(one.phase is Phase.ENDED for one in loads) else None
    if last and last.health is Health.FAILED and last.mark.attempt:
        failed = max(failed, last.mark.attempt + 1)
    return failed if failed >= LOOP else 0


def unhealthy(
    verdict: Verdict, loads: Iterable[Workload], now: datetime, before: ServiceStatus | None
) -> datetime | None:
    """Since when it is unhealthy: by its workloads, otherwise since it was seen to turn from good to bad."""
    if verdict.health in _WELL:
        return None
    since = min((one.unhealthy for one in loads if one.unhealthy), default=None)
    if since is not None or before is None:
        return since
    turned = verdict.health in _BAD and before.health is Health.HEALTHY
    return now if turned else before.unhealthy
