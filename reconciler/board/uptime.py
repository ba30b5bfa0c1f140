"""For which share of its time a service was healthy, from the tables of one target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, State

#: Between two tables further apart than this nobody looked, or a clock was set: that time counts for nothing.
LONGEST_GAP = timedelta(hours=1)


class Counts(Enum):
    """What time in a verdict counts as."""

    UP = "up"
    DOWN = "down"
    NOT = "not at all"
    LATER = "down, unless the service is asleep afterwards"


_COUNT = (Counts.UP, Counts.DOWN)


@dataclass(frozen=True, slots=True)
class Record:
    """One service: seconds that count and of these the healthy ones, up to `mark` on the target's stopwatch.

    From `mark` on it counts as `kind`. `open` are seconds of which it is not known yet whether they count.
    """

    kind: Counts
    mark: float
    total: float = 0.0
    up: float = 0.0
    open: float = 0.0

    def until(self, now: float) -> Record:
        """The same at a later time of the stopwatch."""
        spent = now - self.mark
        match self.kind:
            case Counts.UP:
                return replace(self, mark=now, total=self.total + spent, up=self.up + spent)
            case Counts.DOWN:
                return replace(self, mark=now, total=self.total + spent)
            case Counts.LATER:
                return replace(self, mark=now, open=self.open + spent)
            case Counts.NOT:
                return replace(self, mark=now)

    def turned(self, kind: Counts, now: float, *, asleep: bool) -> Record:
        """The same with another verdict from `now` on."""
        past = self.until(now)
        if kind is Counts.LATER:
            return replace(past, kind=kind)
        return replace(past, kind=kind, total=past.total + (0.0 if asleep else past.open), open=0.0)

    def share(self, now: float) -> float | None:
        """Healthy seconds by all that count, from 0 to 1; None where it was never to be up."""
        spent = now - self.mark
        up = self.up + (spent if self.kind is Counts.UP else 0.0)
        total = self.total + (spent if self.kind in _COUNT else 0.0)
        if total:
            return min(1.0, up / total)
        return float(self.kind is Counts.UP) if self.kind in _COUNT else None


@dataclass(frozen=True, slots=True)
class Uptimes:
    """A reading of one target."""

    records: Mapping[str, Record]
    now: float

    def shares(self) -> Iterator[tuple[str, float]]:
        """Each service that has a share."""
        for service, record in self.records.items():
            share = record.share(self.now)
            if share is not None:
                yield service, share


class Stopwatch:
    """The services of one target; to be guarded by its owner. A table costs a look at each line, a change a record."""

    def __init__(self) -> None:
        self._records: dict[str, Record] = {}
        self._at: datetime | None = None
        self._now = 0.0

    def add(self, services: Iterable[ServiceStatus], at: datetime | None) -> None:
        """The table as of `at` (None: of no known time, which counts for nothing)."""
        if at is not None:
            gap = at - self._at if self._at is not None else timedelta(0)
            self._now += gap.total_seconds() if timedelta(0) < gap <= LONGEST_GAP else 0.0
            self._at = at
        before, self._records = self._records, {}
        for one in services:
            kind, record = _kind_of(one), before.get(one.service)
            if record is None:
                record = Record(kind, self._now)
            elif record.kind is not kind:
                record = record.turned(kind, self._now, asleep=one.state is State.SUSPENDED)
            self._records[one.service] = record

    def read(self) -> Uptimes:
        """As it stands."""
        return Uptimes(self._records, self._now)  # never changed after `add`: no copy


def _kind_of(one: ServiceStatus) -> Counts:
    """What is not wanted, asleep or not seen counts neither way; what is stopping may be on its way to sleep."""
    if not one.recipe or one.state in (State.SUSPENDED, State.UNKNOWN):
        return Counts.NOT
    if one.health is Health.HEALTHY:
        return Counts.UP
    return Counts.LATER if one.state is State.STOPPING else Counts.DOWN
