"""How many replicas of a service may be changed at the same time (`rollout.maxSurge`, `rollout.maxUnavailable`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from reconciler.models.health import Health
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Phase, Workload

_LIVE = (Phase.PENDING, Phase.RUNNING)


@dataclass(slots=True)
class Budget:
    """What is left of it while one plan is made.

    A replica whose new content does not become healthy keeps its share, however often it is tried again: so a bad
    change stops at the first replica, and the others go on with what they have.
    """

    surge: int
    unavailable: int

    @classmethod
    def of(cls, wanted: Wanted, replicas: Mapping[int, Sequence[Workload]]) -> Self:
        """What the changes under way leave of it."""
        surging = missing = 0
        for number in range(wanted.units):
            live = [workload for workload in replicas.get(number, ()) if workload.phase in _LIVE]
            healthy = [workload for workload in live if workload.health is Health.HEALTHY]
            missing += not healthy
            surging += bool(healthy) and any(_is_successor(workload, wanted, healthy) for workload in live)
        return cls(wanted.surge - surging, wanted.unavailable - missing)

    def take(self, *, surge: bool) -> bool:
        """Use one share of a kind; whether there was one."""
        if surge:
            self.surge -= 1
            return self.surge >= 0
        self.unavailable -= 1
        return self.unavailable >= 0


def _is_successor(workload: Workload, wanted: Wanted, healthy: Sequence[Workload]) -> bool:
    """Of the wanted content and not healthy yet, beside a healthy one of other content."""
    mark = workload.mark
    new = workload.health is not Health.HEALTHY and mark.digest == wanted.digest
    return new and any((mark.digest, mark.restart) != (old.mark.digest, old.mark.restart) for old in healthy)
