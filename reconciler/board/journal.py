"""What happened lately, numbered: a ring of bounded length and size, in memory, lost with the daemon."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.models.event import Event, InForce, Proposed, Reached, Turned, Vanished, What
from reconciler.models.status import ServiceStatus, SourceStatus, TargetStatus

#: So many events are kept at most, and so many bytes of them by a generous guess.
MOST, SIZE = 20_000, 32_000_000
_WORDS = 500
_ENDPOINTS = 16
_EACH = 1_000


class Journal:
    """Numbers what happens, from 1 on, and forgets the oldest. Safe for many threads; a reading copies references."""

    def __init__(self, most: int = MOST, size: int = SIZE) -> None:
        self._lock = threading.Lock()
        self._most = most
        self._size = size
        self._held = 0
        self._events: dict[int, Event] = {}
        self._last = 0

    @property
    def last(self) -> int:
        """The number of the newest event; 0 before the first."""
        return self._last

    @property
    def first(self) -> int:
        """The number of the oldest event that is kept; one more than `last` where none is."""
        with self._lock:
            return self._last - len(self._events) + 1

    def add(self, whats: Iterable[What], at: datetime | None) -> None:
        """Write down what happened at `at`."""
        with self._lock:
            for what in whats:
                self._last += 1
                event = Event(self._last, at, what)
                self._events[event.number] = event
                self._held += _weight(what)
                while len(self._events) > self._most or (self._held > self._size and len(self._events) > 1):
                    self._forget()

    def since(self, number: int, most: int = 500) -> tuple[Event, ...] | None:
        """The events after `number`, oldest first, `most` of them; None where one of them is forgotten already.

        None also for a number that was not given yet: it is another journal's.
        """
        with self._lock:
            if not self._last - len(self._events) <= number <= self._last:
                return None
            return tuple(self._events[each] for each in range(number + 1, min(self._last, number + most) + 1))

    def _forget(self) -> None:
        oldest = self._last - len(self._events) + 1
        self._held -= _weight(self._events.pop(oldest).what)


def changes(
    before: Mapping[str, ServiceStatus], after: Sequence[ServiceStatus], now: Mapping[str, ServiceStatus]
) -> Iterator[What]:
    """What is other in a table than it was; `now` is `after` by name."""
    for one in after:
        was = before.get(one.service)
        if was is None or (was is not one and _shown(was) != _shown(one)):
            yield Turned(_slim(one), (was.state, was.health) if was else None)
    for name, was in before.items():
        if name not in now:
            yield Vanished(name, was.target, (was.state, was.health))


def in_force(one: SourceStatus) -> InForce:
    """What events say of the repository."""
    commit, error, complaints = one.revision, one.error[:_WORDS], len(one.complaints)
    if commit is None:
        return InForce("", "", "", None, error, complaints)
    return InForce(commit.sha, commit.author[:_WORDS], commit.subject[:_WORDS], commit.time, error, complaints)


def reached(one: TargetStatus) -> Reached:
    """What events say of a target."""
    why, leader, held = one.why[:_WORDS], one.leader[:_WORDS], one.restarts_held[:_WORDS]
    return Reached(one.target, one.kind, one.reachable, why, one.leads, leader, held)


def source_changes(before: SourceStatus, after: SourceStatus) -> Iterator[What]:
    """Whether another revision is in force, or something else is wrong with it."""
    now = in_force(after)
    if now != in_force(before):
        yield now


def target_changes(before: TargetStatus | None, after: TargetStatus) -> Iterator[What]:
    """Whether a target is reached otherwise than before. Words that say the same in another way are no news."""
    if before is None or _reach(before) != _reach(after):
        yield reached(after)


def _shown(one: ServiceStatus) -> tuple[object, ...]:
    """What makes a line another one. Its reason does not: it may have a time in it."""
    return (one.state, one.health, one.revision, one.replicas, one.ready, one.endpoints, one.recipe, bool(one.frozen))


def _slim(one: ServiceStatus) -> ServiceStatus:
    """The line without what no event shows, so that old ones keep little alive."""
    return replace(
        one,
        why=one.why[:_WORDS],
        frozen=one.frozen[:_WORDS],
        endpoints=one.endpoints[:_ENDPOINTS],
        drift=(),
        fights=(),
        labels={},
        scrape=None,
        probe=None,
        serving=(),
    )


def _reach(one: TargetStatus) -> tuple[object, ...]:
    return one.reachable, one.leads, one.leader, bool(one.restarts_held)


def _weight(what: What) -> int:
    """About how many bytes of memory an event holds."""
    match what:
        case Turned(line):
            texts = [line.why, line.frozen, *(address for _, address in line.endpoints)]
        case InForce():
            texts = [what.author, what.subject, what.error]
        case Reached():
            texts = [what.why, what.leader, what.restarts_held]
        case Vanished() | Proposed():
            texts = []
    return _EACH + sum(80 + len(text) * (1 if text.isascii() else 4) for text in texts)
