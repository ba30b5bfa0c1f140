"""What hands change on a platform: counted when it is found, and fought over no faster than makes sense.

Somebody who puts the same field back again and again (an autoscaler, a webhook, another deployment tool) would be
answered for ever otherwise, many times a second. Nothing here is needed for safety; it is lost with the daemon.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.board import Board
from reconciler.models.action import Action, Outcome, Repair, Replace
from reconciler.models.status import Fight
from reconciler.models.workload import DELETED, Drift, Observed

# So many repairs of one field are answered at once; from then on each waits twice as long as the one before.
_FREE = 5.0
_LONGEST = 300.0
_HALF = timedelta(hours=1)
_SHOWN = timedelta(seconds=60)

Field = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Score:
    """How often a field was repaired lately: one for each time, which is worth half after an hour."""

    drift: Drift
    value: float
    times: int
    at: datetime

    def at_time(self, now: datetime) -> float:
        return self.value * math.exp2(-(max(now - self.at, timedelta()) / _HALF))

    @property
    def until(self) -> datetime:
        """When it may be repaired again."""
        return self.at + (timedelta(seconds=_pause(self.value)) if self.value > _FREE else timedelta())

    def is_fight(self, now: datetime) -> bool:
        """Whether somebody undoes the repairs, and has done so until now."""
        return self.value > _FREE and now < self.until + (self.until - self.at) + _SHOWN


class Hands:
    """Remembers the drift of one target from turn to turn."""

    def __init__(self, target: str, board: Board) -> None:
        self._target = target
        self._board = board
        self._known: frozenset[Field] = frozenset()
        self._scores: dict[Field, _Score] = {}

    def see(self, seen: Observed) -> None:
        """Count what is new, and forget fields of services that are not there any more."""
        there = {
            (workload.mark.service, drift.where, drift.field) for workload in seen.workloads for drift in workload.drift
        }
        for service, _, _ in there - self._known:
            self._board.count_drift(self._target, service, "found")
        self._known = frozenset(there)
        if self._scores:
            alive = {workload.mark.service for workload in seen.workloads}
            self._scores = {key: score for key, score in self._scores.items() if key[0] in alive}

    def repaired(self, outcomes: Iterable[Outcome], now: datetime) -> None:
        """Count the fields that were put back. A look that shows an old version once more counts for nothing."""
        for outcome in outcomes:
            if not outcome.error and outcome.changed:
                for drift in _undone(outcome.action):
                    self._put_back(outcome.action.service, drift, now)

    def waiting(self, now: datetime) -> frozenset[Field]:
        """Fields that are not to be repaired yet."""
        return frozenset(key for key, score in self._scores.items() if score.at <= now < score.until)

    def fights(self, now: datetime) -> Mapping[str, tuple[Fight, ...]]:
        """By service, who undoes what is repaired."""
        found: dict[str, tuple[Fight, ...]] = {}
        for (service, _, _), score in sorted(self._scores.items()):
            if score.is_fight(now):
                fight = Fight(score.drift, score.times, score.until)
                found[service] = (*found.get(service, ()), fight)
        return found

    def next_try(self, now: datetime) -> float | None:
        """Seconds until a field that waits may be repaired; None when none waits."""
        waits = [(score.until - now).total_seconds() for score in self._scores.values() if score.until > now]
        return min(waits, default=None)

    def _put_back(self, service: str, drift: Drift, now: datetime) -> None:
        key = (service, drift.where, drift.field)
        before = self._scores.get(key)
        if before and drift.version and before.drift.version == drift.version:
            return
        value, times = (before.at_time(now), before.times) if before else (0.0, 0)
        self._scores[key] = _Score(drift, value + 1, times + 1 if value > 0.5 else 1, now)
        self._board.count_drift(self._target, service, "repaired")


def _undone(action: Action) -> Sequence[Drift]:
    """What an action puts back: fields, or objects that were deleted (a group of objects that is not whole)."""
    match action:
        case Repair(old=old):
            return old.drift
        case Replace(old=old):
            return [Drift(one.id, DELETED) for one in old if not one.mark.digest]
        case _:
            return ()


def _pause(value: float) -> float:
    """Seconds: 2, 4, 8 … 300 from the sixth repair within an hour on."""
    return min(_LONGEST, math.exp2(min(value - _FREE, 20.0)))
