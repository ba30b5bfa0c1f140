"""What all threads post to and read from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.board.chronicle import Chronicle
from reconciler.board.counters import Counters
from reconciler.board.journal import Journal, changes, source_changes, target_changes
from reconciler.board.starts import Starts
from reconciler.board.tallies import Tallies
from reconciler.board.uptime import Stopwatch
from reconciler.models.event import Proposed, What
from reconciler.models.health import Health
from reconciler.models.proposal import Accepted, Proposal, verb_of
from reconciler.models.status import ServiceStatus, SourceStatus, State, Status, TargetStatus, Transition, View


@dataclass(frozen=True, slots=True)
class Moment:
    """Everything at one moment: `number` is the last event in the journal whose outcome `status` has.

    `version` is another one when anything else was posted, what turns worked from too.
    """

    status: Status
    version: int
    number: int


class Board(Counters):
    """Holds the latest status and the counters; safe for many threads.

    A reading takes copies of references, so that no scrape makes a turn wait. `journal` is what happened lately.
    """

    def __init__(self) -> None:
        super().__init__()
        self.journal = Journal()
        self._version = self._posts = 0
        self._sorted: Status | None = None
        self._changed: Mapping[tuple[str, str], Transition] | None = None
        self._bells: tuple[Callable[[], None], ...] = ()
        self._held: dict[str, datetime] = {}
        self._targets: dict[str, TargetStatus] = {}
        self._services: dict[str, dict[str, ServiceStatus]] = {}
        self._views: dict[str, View] = {}
        self._chronicle = Chronicle()
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

    def changes(self) -> Mapping[tuple[str, str], Transition]:
        """The last change of the verdict on each service, by (service, target); made once for each table."""
        with self._lock:
            posts, known, tables = self._posts, self._changed, self._chronicle.tables()
        if known is not None:
            return known
        made = {(name, target): story[-1] for target, table in tables.items() for name, story in table.items()}
        with self._lock:
            self._changed = made if self._posts == posts else None
        return made

    def post_source(self, source: SourceStatus) -> None:
        """Replace what is known of the repository; one with an error counts as a failure."""
        with self._lock:
            news = [*source_changes(self._source, source)]
            before = self._held_lines()
            self._source = source
            seen = source.revision.time if source.revision else None
            self._held = {name: self._held.get(name, seen) for name in source.held} if seen else {}
            self._ledger.source_failures += bool(source.error)
            self._note([*news, *self._held_changes(before)], source.fetched)
        self._ring()

    def post_target(
        self, target: TargetStatus, services: tuple[ServiceStatus, ...], at: datetime | None = None
    ) -> None:
        """Replace what is known of one target and its services, as of `at` (None: as of its last complete look).

        One thread posts a target, so that what is other than before is found without keeping the readers waiting.
        """
        name, at = target.target, at or target.looked
        table = {one.service: one for one in services}
        news = [*target_changes(self._targets.get(name), target), *changes(self.services(name), services, table)]
        with self._lock:
            before = self._held_lines()
            self._chronicle.add(name, services, at)
            self._stopwatches[name].add(services, at)
            self._targets[name] = target
            self._services[name] = table
            self._ledger.retain(name, table.keys())
            self._note([*news, *self._held_changes(before)], at)
        self._ring()

    def post_view(self, view: View) -> None:
        """Keep what the last turn of one target worked from; waits and starts are counted from its looks."""
        recipes = {wanted.service: one.recipe.metadata.name for one, wanted in view.services}
        with self._lock:
            self._version += 1
            self._views[view.target] = view
            for span in self._starts[view.target].add(view.seen):
                if span.service in recipes:
                    self._ledger.start(view.target, recipes[span.service], span)
            self._ledger.retain_recipes(view.target, set(recipes.values()))
        self._ring()

    def post_proposal(self, proposal: Proposal, accepted: Accepted, at: datetime) -> None:
        """Tell those who follow the journal of a proposal that is in the repository since `at`."""
        with self._lock:
            self._version += 1
            self.journal.add([Proposed(verb_of(proposal.request), proposal.asked.caller, accepted)], at)
        self._ring()

    @property
    def version(self) -> int:
        """A number that grows with every post: while it is the same, every reading is."""
        return self._version

    def subscribe(self, bell: Callable[[], None]) -> Callable[[], None]:
        """Ring `bell` after every post, in the thread that posts: it must be quick and must not raise.

        It carries no news: look at `version`, the journal or the status. Returns what ends the subscription.
        """
        own = lambda: bell()  # noqa: E731, PLW0108 - so that one bell can be subscribed twice
        with self._lock:
            self._bells = (*self._bells, own)

        def end() -> None:
            with self._lock:
                self._bells = tuple(one for one in self._bells if one is not own)

        return end

    def views(self) -> tuple[View, ...]:
        """What the last turn of each target worked from, by the target's name."""
        with self._lock:
            return tuple(self._views[name] for name in sorted(self._views))

    def status(self) -> Status:
        """Everything as it stands, services sorted by name and target; sorted once for each table that is posted."""
        return self.moment().status

    def moment(self) -> Moment:
        """The status, and the number of the last event that led to it: those that come after it are not in it."""
        with self._lock:
            version, number, posts, known = self._version, self.journal.last, self._posts, self._sorted
            if known is not None:
                return Moment(known, version, number)
            tables, held = list(self._services.values()), [*self._held_lines().values()]
            base = Status(self._source, dict(sorted(self._targets.items())))
        lines = [line for table in tables for line in table.values()] + held
        status = replace(base, services=tuple(sorted(lines, key=lambda one: (one.service, one.target))))
        with self._lock:
            if self._posts == posts:
                self._sorted = status
        return Moment(status, version, number)

    @property
    def source(self) -> SourceStatus:
        """What is known of the repository."""
        return self._source

    def find(self, service: str) -> tuple[ServiceStatus, ...]:
        """The lines of one service, by target; () for a name that is not in the table."""
        with self._lock:
            found = [table[service] for table in self._services.values() if service in table]
            held = () if found or service not in self._held else (self._held_lines()[service],)
        return (*sorted(found, key=lambda one: one.target), *held)

    def services(self, target: str) -> Mapping[str, ServiceStatus]:
        """The table of one target by service name, as posted last; it does not change any more."""
        with self._lock:
            return self._services.get(target, {})

    def ready(self) -> frozenset[str]:
        """Names of services that run and are healthy, on whatever target."""
        running = (one for one in self.status().services if one.state is State.RUNNING)
        return frozenset(one.service for one in running if one.health is Health.HEALTHY)

    def tallies(self) -> Tallies:
        """The counters as they stand."""
        with self._lock:
            unseen = {name: kind for name, kind in self._expected.items() if name not in self._targets}
            uptimes = {name: one.read() for name, one in self._stopwatches.items()}
            return self._ledger.read(uptimes, unseen, self._visitors.read())

    def _note(self, news: list[What], at: datetime | None) -> None:
        """Something of the table was replaced; to be called with the lock held."""
        self._version += 1
        self._posts += 1
        self._sorted = self._changed = None
        self.journal.add(news, at)

    def _ring(self) -> None:
        for bell in self._bells:
            bell()

    def _held_lines(self) -> dict[str, ServiceStatus]:
        """The lines of services that no target shows: each one's file is bad and nothing of it runs."""
        return {
            name: ServiceStatus(name, "", "", State.HELD, Health.FAILED, since, self._source.held[name])
            for name, since in self._held.items()
            if not any(name in table for table in self._services.values())
        }

    def _held_changes(self, before: Mapping[str, ServiceStatus]) -> list[What]:
        after = self._held_lines()
        return [*changes(before, tuple(after.values()), after)]
