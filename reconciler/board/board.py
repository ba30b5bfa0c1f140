"""What all threads post to and read from."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from reconciler.board.chronicle import Chronicle
from reconciler.board.ledger import Ledger
from reconciler.board.starts import Starts
from reconciler.board.tallies import Tallies
from reconciler.board.uptime import Stopwatch
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, SourceStatus, State, Status, TargetStatus, Transition, View


class Board:
    """Holds the latest status and the counters; safe for many threads.

    A reading takes copies of references, so that no scrape makes a turn wait.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._source = SourceStatus()
        self._held: dict[str, datetime] = {}
        self._targets: dict[str, TargetStatus] = {}
        self._services: dict[str, tuple[ServiceStatus, ...]] = {}
        self._views: dict[str, View] = {}
        self._chronicle = Chronicle()
        self._ledger = Ledger()
        self._stopwatches: defaultdict[str, Stopwatch] = defaultdict(Stopwatch)
        self._starts: defaultdict[str, Starts] = defaultdict(Starts)
        self._expected: Mapping[str, str] = {}

    def expect(self, kinds: Mapping[str, str]) -> None:
        """Which targets will be posted, with their kinds: until then each of them counts as one that is not seen."""
        with self._lock:
            self._expected = dict(kinds)

    def history(self, service: str, target: str | None = None) -> tuple[Transition, ...]:
        """The verdicts on a service, oldest first, since the daemon's start; the last hundred on each target.

        Where there are thousands of services, fewer are kept.
        """
        with self._lock:
            return self._chronicle.of(service, target)

    def changes(self) -> dict[tuple[str, str], Transition]:
        """The last change of the verdict on each service, by (service, target)."""
        with self._lock:
            tables = self._chronicle.tables()
        return {(name, target): story[-1] for target, table in tables.items() for name, story in table.items()}

    def post_source(self, source: SourceStatus) -> None:
        """Replace what is known of the repository; one with an error counts as a failure."""
        with self._lock:
            self._source = source
            seen = source.revision.time if source.revision else None
            self._held = {name: self._held.get(name, seen) for name in source.held} if seen else {}
            self._ledger.source_failures += bool(source.error)

    def post_target(
        self, target: TargetStatus, services: tuple[ServiceStatus, ...], at: datetime | None = None
    ) -> None:
        """Replace what is known of one target and its services, as of `at` (None: as of its last complete look)."""
        name, at = target.target, at or target.looked
        names = {one.service for one in services}
        with self._lock:
            self._chronicle.add(name, services, at)
            self._stopwatches[name].add(services, at)
            self._targets[name] = target
            self._services[name] = services
            self._ledger.retain(name, names)

    def post_view(self, view: View) -> None:
        """Keep what the last turn of one target worked from; waits and starts are counted from its looks."""
        recipes = {wanted.service: one.recipe.metadata.name for one, wanted in view.services}
        with self._lock:
            self._views[view.target] = view
            for span in self._starts[view.target].add(view.seen):
                if span.service in recipes:
                    self._ledger.start(view.target, recipes[span.service], span)
            self._ledger.retain_recipes(view.target, set(recipes.values()))

    def views(self) -> tuple[View, ...]:
        """What the last turn of each target worked from, by the target's name."""
        with self._lock:
            return tuple(self._views[name] for name in sorted(self._views))

    def count_end(self, target: str, service: str, cause: str) -> None:
        """Count one workload that ended, by its cause."""
        with self._lock:
            self._ledger.ends[target, service, cause] += 1

    def count_drift(self, target: str, service: str, event: str) -> None:
        """Count one field that was changed by hand: `event` is found or repaired."""
        with self._lock:
            self._ledger.drift[target, service, event] += 1

    def count_restart(self, target: str, service: str, reason: str) -> None:
        """Count one restart of a replica, by its reason: one of `RESTART_REASONS`, any other word is "other"."""
        with self._lock:
            self._ledger.restart(target, service, reason)

    def count_renewal(self, target: str, service: str) -> None:
        """Count one successor that was submitted because of a time limit."""
        with self._lock:
            self._ledger.renewals[target, service] += 1

    def count_probe(self, target: str, seconds: float) -> None:
        """Count one probe that the daemon itself made, whatever came of it."""
        with self._lock:
            self._ledger.probes[target] = self._ledger.probes[target].add(seconds, self._revision())

    def count_fetch(self, seconds: float) -> None:
        """Count one reading of the repository, whatever came of it."""
        with self._lock:
            self._ledger.fetches = self._ledger.fetches.add(seconds, self._revision())

    def count_action(self, target: str, action: str, result: str, seconds: float = 0.0) -> None:
        """Count one action, by its kind and its result; it took `seconds`."""
        with self._lock:
            self._ledger.act(target, action, result, seconds, self._revision())

    def count_turn(self, target: str, seconds: float) -> None:
        """Count one turn."""
        with self._lock:
            self._ledger.turns[target] = self._ledger.turns[target].add(seconds, self._revision())

    def status(self) -> Status:
        """Everything as it stands, services sorted by name and target."""
        with self._lock:
            tables = list(self._services.values())
            targets = dict(sorted(self._targets.items()))
            source = self._source
            held = dict(self._held)
        services = [status for table in tables for status in table]
        shown = {one.service for one in services} if held else set()
        services += [_held(name, source.held[name], since) for name, since in held.items() if name not in shown]
        return Status(source, targets, tuple(sorted(services, key=lambda one: (one.service, one.target))))

    def services(self, target: str) -> dict[str, ServiceStatus]:
        """The table of one target by service name, as posted last."""
        with self._lock:
            table = self._services.get(target, ())
        return {status.service: status for status in table}

    def ready(self) -> frozenset[str]:
        """Names of services that run and are healthy, on whatever target."""
        running = (one for one in self.status().services if one.state is State.RUNNING)
        return frozenset(one.service for one in running if one.health is Health.HEALTHY)

    def tallies(self) -> Tallies:
        """The counters as they stand."""
        with self._lock:
            unseen = {name: kind for name, kind in self._expected.items() if name not in self._targets}
            return self._ledger.read({name: one.read() for name, one in self._stopwatches.items()}, unseen)

    def _revision(self) -> str:
        return self._source.revision.short if self._source.revision else ""


def _held(name: str, why: str, since: datetime) -> ServiceStatus:
    """The line of a service that no target shows: its file is bad and nothing of it runs."""
    return ServiceStatus(name, "", "", State.HELD, Health.FAILED, since, why)
