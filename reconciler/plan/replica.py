"""What to do about one replica of one service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.models.action import Action, Cancel, Deploy, Hold, Renew, Replace, Restart
from reconciler.models.health import Health
from reconciler.models.units import format_duration
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Phase, Workload
from reconciler.plan.backoff import next_attempt

_LIVE = (Phase.PENDING, Phase.RUNNING)


@dataclass(frozen=True, slots=True)
class Replica:
    """One replica: what is wanted, all workloads that bear its number, and "" or why nothing may be started now."""

    wanted: Wanted
    number: int
    workloads: Sequence[Workload]
    hold: str
    now: datetime

    def actions(self) -> Iterator[Action]:
        """Everything to do about it now; nothing when all is well or when it is being waited for something."""
        live = [workload for workload in self.workloads if workload.phase in _LIVE]
        current = [workload for workload in live if self._is_current(workload)]
        if current:
            yield from self._settle(live, current)
        elif live:
            yield from self._change(live)
        elif not any(workload.phase is Phase.STOPPING for workload in self.workloads):
            yield from self._start()

    def _is_current(self, workload: Workload) -> bool:
        mark = workload.mark
        return mark.digest == self.wanted.digest and self.wanted.restart in ("", mark.restart)

    def _start(self) -> Iterator[Action]:
        if self.hold:
            yield Hold(self.wanted.service, self.hold)
            return
        ended = [workload for workload in self.workloads if workload.phase is Phase.ENDED]
        attempt, delay, failure = next_attempt(self.wanted.digest, ended)
        reason = f"the last one ended: {failure}" if failure else "not there"
        if attempt:
            reason += f"; attempt {attempt} in {format_duration(delay)}"
        yield Deploy(self.wanted.service, self.number, reason, self._generation(), attempt, delay)

    def _change(self, live: Sequence[Workload]) -> Iterator[Action]:
        """What runs is not what is wanted. With surge, a healthy old one goes on until its successor is healthy."""
        if self.hold:
            yield Hold(self.wanted.service, self.hold)
            return
        surge = self.wanted.surge and not self.wanted.in_place
        old = tuple(workload for workload in live if not (surge and workload.health is Health.HEALTHY))
        service, generation = self.wanted.service, self._generation()
        if any(workload.mark.digest == self.wanted.digest for workload in live):
            yield Restart(service, self.number, "a new value of restart", old, generation)
        else:
            yield Replace(service, self.number, _difference(live, self.wanted.digest), old, generation)

    def _settle(self, live: Sequence[Workload], current: Sequence[Workload]) -> Iterator[Action]:
        """The wanted one is there: end what it replaces and what is there twice; renew it in time."""
        newest = max(current, key=_preference)
        for workload in live:
            reason = self._superseded(workload, newest)
            if reason:
                yield Cancel(self.wanted.service, self.number, reason, (workload,))
        lead, deadline = self.wanted.lead, newest.deadline
        if lead and deadline and newest.phase is Phase.RUNNING and deadline - self.now <= lead and not self.hold:
            left = format_duration(max(deadline - self.now, lead * 0))
            yield Renew(
                self.wanted.service, self.number, f"the time limit is reached in {left}", (newest,), self._generation()
            )

    def _superseded(self, workload: Workload, newest: Workload) -> str:
        """Why `workload` is to be ended now that `newest` is there; "" when it stays."""
        if workload is newest:
            return ""
        if workload.mark.generation == newest.mark.generation and self._is_current(workload):
            return f"a duplicate of {newest.id}"
        if newest.health is Health.HEALTHY:
            return f"replaced by {newest.id}, which is healthy"
        if not self._is_current(workload) and not self.wanted.surge:
            return f"replaced by {newest.id}"
        return ""

    def _generation(self) -> int:
        return max((workload.mark.generation for workload in self.workloads), default=-1) + 1


def _preference(workload: Workload) -> tuple[int, int, bool, str]:
    """Of several that are right: the newest generation, then the healthiest, then the one that runs."""
    return (workload.mark.generation, -workload.health.rank, workload.phase is Phase.RUNNING, workload.id)


def _difference(live: Sequence[Workload], digest: str) -> str:
    seen = live[0].mark.digest
    return f"what runs differs from Git ({seen or 'incomplete'}, wanted {digest})"
