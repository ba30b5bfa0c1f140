"""All workloads of a target, made anew only where something has changed since they were last asked for."""

from __future__ import annotations

from datetime import datetime

from reconciler.kube.look.cache import Cache, Place
from reconciler.kube.look.causes import Words
from reconciler.kube.look.groups import going, workload
from reconciler.models.workload import Workload


class Scene:
    """The workloads in the cache, with what `words` tell of their objects; for one thread."""

    def __init__(self, target: str, cache: Cache, words: Words) -> None:
        self._words = words
        self._target = target
        self._cache = cache
        self._known: dict[Place, Workload] = {}
        self._going: set[Place] = set()
        self._workloads: tuple[Workload, ...] = ()

    def workloads(self, now: datetime) -> tuple[Workload, ...]:
        """One for each service that has more than claims left, in the order of their names."""
        renewed = [self._renew(place, now) for place in self._cache.changes() | self._going]
        if any(renewed):
            self._workloads = tuple(self._known[place] for place in sorted(self._known))
        return self._workloads

    def _renew(self, place: Place, now: datetime) -> bool:
        """Whether it is another one than before."""
        group = self._cache.of(*place)
        (self._going.add if going(group) else self._going.discard)(place)
        before, made = self._known.pop(place, None), workload(self._target, group, now, self._words)
        if made is not None:
            self._known[place] = before if before == made else made
        return before != made
