"""The daemon's own probes of one target, and the one verdict on each workload that is made with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from reconciler.desired.probing import probe_of
from reconciler.health import HealthChecker
from reconciler.models.recipe import HealthProbe
from reconciler.models.wanted import ResolvedService, Wanted
from reconciler.models.workload import Observed
from reconciler.ports import Prober
from reconciler.turn.world import World

_NOTHING: Mapping[str, bool | None] = MappingProxyType({})


class Checks:
    """Has `prober` ask what runs, where the target's settings say that this daemon asks; otherwise looks stay as is."""

    def __init__(self, world: World, prober: Prober | None) -> None:
        self._target = world.name
        self._prober = prober if world.target.probes == "daemon" else None
        self._known: dict[str, tuple[ResolvedService, HealthProbe]] = {}

    def fold(
        self, services: Iterable[tuple[ResolvedService, Wanted]], seen: Observed
    ) -> tuple[Observed, Mapping[str, bool | None]]:
        """The look with its verdicts, and what each instance that is asked answers.

        After a look that was not whole the same instances are asked as before.
        """
        if self._prober is None or not seen.complete:
            return seen, _NOTHING
        checker = HealthChecker(self._probes(one for one, wanted in services if not wanted.suspended))
        self._prober.watch(self._target, checker.watched(seen))
        results = self._prober.results(self._target)
        return checker.fold(seen, results), checker.answers(seen, results)

    def _probes(self, services: Iterable[ResolvedService]) -> Mapping[str, HealthProbe]:
        """How each is asked. A command cannot be run from here."""
        known, self._known = self._known, {}
        for service in services:
            entry = known.get(service.name)
            same = entry is not None and entry[0] is service
            self._known[service.name] = entry if entry and same else (service, probe_of(service))
        return {name: probe for name, (_, probe) in self._known.items() if probe.exec is None}
