"""How long successors would wait in the queue: asked rarely, and only where the answer is needed soon."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from reconciler.models.wanted import ResolvedService, Wanted
from reconciler.models.workload import Observed, Phase
from reconciler.ports import Deployer

_AGE = timedelta(minutes=10)
_AT_ONCE = 4


class Estimates:
    """Remembers the platform's estimate for each service whose job is in the last half of its time."""

    def __init__(self, deployer: Deployer) -> None:
        self._deployer = deployer
        self._known: dict[str, tuple[datetime, timedelta]] = {}

    def wait_of(self, service: str) -> timedelta:
        """How long a new job of the service would wait, as asked last; zero when it was not asked."""
        known = self._known.get(service)
        return known[1] if known else timedelta()

    def refresh(self, services: Iterable[tuple[ResolvedService, Wanted]], seen: Observed) -> None:
        """Ask for a few of those that need an answer; each is asked again after ten minutes at the earliest.

        A service that says itself how long before its limit it is renewed (`renewal.lead`) needs none.
        """
        ending = {
            workload.mark.service
            for workload in seen.workloads
            if workload.phase is Phase.RUNNING and workload.deadline and workload.limit
            if workload.deadline - seen.at <= workload.limit / 2
        }
        need = [one for one, wanted in services if wanted.lead and one.name in ending and not one.service.spec.renewal]
        self._known = {one.name: self._known[one.name] for one in need if one.name in self._known}
        for service in [one for one in need if self._is_old(one.name, seen.at)][:_AT_ONCE]:
            self._known[service.name] = seen.at, self._deployer.estimate(service) or timedelta()

    def _is_old(self, service: str, now: datetime) -> bool:
        known = self._known.get(service)
        return known is None or not timedelta() <= now - known[0] < _AGE
