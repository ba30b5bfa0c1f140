"""The noticeboard: the one mutable thing. Targets post, pages and metrics read; every reading is a frozen value."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.chronicle import Chronicle
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, SourceStatus, State, Status, TargetStatus, Transition, View

#: Upper bounds of the turn histogram's buckets, in seconds.
BUCKETS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0)
#: Why a replica is restarted; any other word counts as the last one.
RESTART_REASONS = ("unhealthy", "failed", "requested", "changed", "node", "preempted", "time-limit", "other")


@dataclass(frozen=True, slots=True)
class TurnTally:
    """Turns of one target: how many took at most each bound of BUCKETS, how many in all, seconds in all."""

    buckets: tuple[int, ...] = (0,) * len(BUCKETS)
    count: int = 0
    seconds: float = 0.0

    def add(self, seconds: float) -> TurnTally:
        """The tally with one more turn."""
        counts = zip(self.buckets, BUCKETS, strict=True)
        buckets = tuple(count + (seconds <= bound) for count, bound in counts)
        return TurnTally(buckets, self.count + 1, self.seconds + seconds)


@dataclass(frozen=True, slots=True)
class Tallies:
    """Counters since the daemon's start. `actions` is keyed by (target, action, result).

    `ends` is keyed by (target, service, cause), for services that are still in the table; so is `drift`, by (target,
    service, "found" or "repaired").
    """

    actions: Mapping[tuple[str, str, str], int]
    turns: Mapping[str, TurnTally]
    source_failures: int
    ends: Mapping[tuple[str, str, str], int]
    drift: Mapping[tuple[str, str, str], int]


class Board:
    """Holds the latest status and the counters; safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._source = SourceStatus()
        self._held: dict[str, datetime] = {}
        self._targets: dict[str, TargetStatus] = {}
        self._services: dict[str, tuple[ServiceStatus, ...]] = {}
        self._views: dict[str, View] = {}
        self._ends: Counter[tuple[str, str, str]] = Counter()
        self._drift: Counter[tuple[str, str, str]] = Counter()
        self._actions: Counter[tuple[str, str, str]] = Counter()
        self._turns: defaultdict[str, TurnTally] = defaultdict(TurnTally)
        self._restarts: Counter[tuple[str, str, str]] = Counter()
        self._renewals: Counter[tuple[str, str]] = Counter()
        self._probes: defaultdict[str, TurnTally] = defaultdict(TurnTally)
        self._took: defaultdict[tuple[str, str], TurnTally] = defaultdict(TurnTally)
        self._fetches = TurnTally()
        self._source_failures = 0
        self._chronicle = Chronicle()

    def history(self, service: str, target: str | None = None) -> tuple[Transition, ...]:
        """The verdicts on a service, oldest first, since the daemon's start; the last hundred on each target."""
        with self._lock:
            return self._chronicle.of(service, target)

    def post_source(self, source: SourceStatus) -> None:
        """Replace what is known of the repository; one with an error counts as a failure."""
        with self._lock:
            self._source = source
            seen = source.revision.time if source.revision else None
            self._held = {name: self._held.get(name, seen) for name in source.held} if seen else {}
            self._source_failures += bool(source.error)

    def post_target(
        self, target: TargetStatus, services: tuple[ServiceStatus, ...], at: datetime | None = None
    ) -> None:
        """Replace what is known of one target and its services, as of `at` (None: as of its last complete look)."""
        with self._lock:
            self._chronicle.add(target.target, services, at or target.looked)
            self._targets[target.target] = target
            self._services[target.target] = services
            known = {(one.target, one.service) for one in services}
            for counter in (self._ends, self._drift):
                gone = [key for key in counter if key[0] == target.target and key[:2] not in known]
                for key in gone:
                    del counter[key]

    def post_view(self, view: View) -> None:
        """Keep what the last turn of one target worked from."""
        with self._lock:
            self._views[view.target] = view

    def views(self) -> tuple[View, ...]:
        """What the last turn of each target worked from, by the target's name."""
        with self._lock:
            return tuple(self._views[name] for name in sorted(self._views))

    def count_end(self, target: str, service: str, cause: str) -> None:
        """Count one workload that ended, by its cause."""
        with self._lock:
            self._ends[target, service, cause] += 1

    def count_drift(self, target: str, service: str, event: str) -> None:
        """Count one field that was changed by hand: `event` is found or repaired."""
        with self._lock:
            self._drift[target, service, event] += 1

    def count_restart(self, target: str, service: str, reason: str) -> None:
        """Count one restart of a replica, by its reason: one of `RESTART_REASONS`, any other word is "other"."""
        with self._lock:
            self._restarts[target, service, reason if reason in RESTART_REASONS else "other"] += 1

    def count_renewal(self, target: str, service: str) -> None:
        """Count one successor that was submitted because of a time limit."""
        with self._lock:
            self._renewals[target, service] += 1

    def count_probe(self, target: str, seconds: float) -> None:
        """Count one probe that the daemon itself made, whatever came of it."""
        with self._lock:
            self._probes[target] = self._probes[target].add(seconds)

    def count_fetch(self, seconds: float) -> None:
        """Count one reading of the repository, whatever came of it."""
        with self._lock:
            self._fetches = self._fetches.add(seconds)

    def count_action(self, target: str, action: str, result: str, seconds: float = 0.0) -> None:
        """Count one action, by its kind and its result; it took `seconds`."""
        with self._lock:
            self._actions[target, action, result] += 1
            self._took[target, action] = self._took[target, action].add(seconds)

    def count_turn(self, target: str, seconds: float) -> None:
        """Count one turn."""
        with self._lock:
            self._turns[target] = self._turns[target].add(seconds)

    def status(self) -> Status:
        """Everything as it stands, services sorted by name and target."""
        with self._lock:
            services = [status for statuses in self._services.values() for status in statuses]
            targets = dict(sorted(self._targets.items()))
            source = self._source
            held = dict(self._held)
        shown = {one.service for one in services}
        services += [_held(name, source.held[name], since) for name, since in held.items() if name not in shown]
        return Status(source, targets, tuple(sorted(services, key=lambda one: (one.service, one.target))))

    def services(self, target: str) -> dict[str, ServiceStatus]:
        """The table of one target by service name, as posted last."""
        with self._lock:
            return {status.service: status for status in self._services.get(target, ())}

    def ready(self) -> frozenset[str]:
        """Names of services that run and are healthy, on whatever target."""
        running = (one for one in self.status().services if one.state is State.RUNNING)
        return frozenset(one.service for one in running if one.health is Health.HEALTHY)

    def tallies(self) -> Tallies:
        """The counters as they stand."""
        with self._lock:
            return Tallies(
                dict(self._actions), dict(self._turns), self._source_failures, dict(self._ends), dict(self._drift)
            )


def _held(name: str, why: str, since: datetime) -> ServiceStatus:
    """The line of a service that no target shows: its file is bad and nothing of it runs."""
    return ServiceStatus(name, "", "", State.HELD, Health.FAILED, since, why)
