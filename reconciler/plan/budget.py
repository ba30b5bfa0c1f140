"""How many replicas of a service may be changed at the same time (`rollout.maxSurge`, `rollout.maxUnavailable`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.models.health import Health
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Phase, Workload

_LIVE = (Phase.PENDING, Phase.RUNNING)


class Budget:
    """What is left of it while one plan is made. `replicas`: all workloads of the service, by the replica's number.

    A replica whose new content does not become healthy keeps its share, however often it is tried again: so a bad
    change stops at the first replica, and the others go on with what they have.
    """

    def __init__(self, wanted: Wanted, replicas: Mapping[int, Sequence[Workload]]) -> None:
        self._wanted = wanted
        self._replicas = replicas
        self._left: tuple[int, int] | None = None

    def take_surge(self) -> bool:
        """Let one more replica have a successor beside it; whether that is allowed."""
        surge, unavailable = self._left or self._count()
        self._left = surge - (surge > 0), unavailable
        return surge > 0

    def take_unavailable(self) -> bool:
        """Let one more healthy replica be missing; whether that is allowed."""
        surge, unavailable = self._left or self._count()
        self._left = surge, unavailable - (unavailable > 0)
        return unavailable > 0

    def _count(self) -> tuple[int, int]:
        """What the changes under way leave of both; counted only where something is to be changed."""
        wanted, surging, missing = self._wanted, 0, 0
        for number in range(wanted.units):
            live = [workload for workload in self._replicas.get(number, ()) if workload.phase in _LIVE]
            healthy = [workload for workload in live if workload.health is Health.HEALTHY]
            missing += not healthy
            surging += bool(healthy) and any(_is_successor(workload, wanted, healthy) for workload in live)
        return wanted.surge - surging, wanted.unavailable - missing


def _is_successor(workload: Workload, wanted: Wanted, healthy: Sequence[Workload]) -> bool:
    """Of the wanted content and not healthy yet, beside a healthy one of other content."""
    mark = workload.mark
    new = workload.health is not Health.HEALTHY and mark.digest == wanted.digest
    return new and any((mark.digest, mark.restart) != (old.mark.digest, old.mark.restart) for old in healthy)
