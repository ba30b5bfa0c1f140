"""What to do about one replica of one service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from reconciler.models.action import Action, Amend, Cancel, Deploy, Hold, Renew, Repair, Replace, Restart
from reconciler.models.health import Health
from reconciler.models.units import format_duration, rough_duration
from reconciler.models.wanted import Wanted
from reconciler.models.workload import DELETED, Drift, Phase, Workload
from reconciler.plan import reaction as reactions
from reconciler.plan.backoff import attempt_after, next_attempt
from reconciler.plan.budget import Budget
from reconciler.plan.lead import is_due, limit_before, lower_limit
from reconciler.plan.reaction import Reaction

_LIVE = (Phase.PENDING, Phase.RUNNING)
# How much longer than its grace a stop may take before it is ended by force.
_PATIENCE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Replica:
    """One replica: what is wanted, all workloads that bear its number, and "" or why nothing may be started now.

    `waits` is "" or what it waits for before it is started or changed; what runs is renewed all the same. `taken` is ""
    or what stands in its place without our mark, so that nothing is started beside it.
    `closes` is when the site closes for maintenance. `fought` are fields that are not repaired just now. `reaction`
    says whether one that is unhealthy may be restarted now.
    """

    wanted: Wanted
    number: int
    workloads: Sequence[Workload]
    now: datetime
    hold: str = ""
    waits: str = ""
    taken: str = ""
    closes: datetime | None = None
    fought: frozenset[tuple[str, str, str]] = frozenset()
    reaction: Reaction = field(default_factory=Reaction)

    def is_at_rest(self) -> bool:
        """Whether there is surely nothing to do: one workload, which is what is wanted and not close to its limit."""
        if len(self.workloads) != 1:
            return False
        workload = self.workloads[0]
        return (
            workload.phase is Phase.RUNNING
            and self._is_current(workload)
            and workload.marked
            and not workload.drift
            and not reactions.is_due(self.wanted, workload, self.now)
            and not is_due(self.wanted, workload, self.now)
            and lower_limit(self.wanted, workload, self.now) is None
        )

    def actions(self, budget: Budget) -> Iterator[Action]:
        """Everything to do about it now; nothing when all is well or when it is being waited for something."""
        live = [workload for workload in self.workloads if workload.phase in _LIVE and not workload.stuck]
        for workload, first in self._duplicates(live):
            live.remove(workload)
            yield self._cancel(workload, f"a duplicate of {first.id}")
        ended = [workload for workload in self.workloads if workload.phase is Phase.ENDED]
        for workload in self.workloads:
            reason = self._forced(workload)
            if reason:
                yield self._cancel(workload, reason)
            if workload.stuck:  # its end is ours, but it counts as a failure: the same would be stuck again
                ended.append(replace(workload, phase=Phase.ENDED, health=Health.FAILED))
        current = [workload for workload in live if self._is_current(workload)]
        if current:
            yield from self._settle(live, current, ended, budget)
        elif live:
            yield from self._change(live, ended, budget)
        elif not any(workload.phase is Phase.STOPPING for workload in self.workloads):
            yield from self._start(ended)

    def _duplicates(self, live: Sequence[Workload]) -> list[tuple[Workload, Workload]]:
        """Those that are there twice, each with the one that stays: two answers to one need, as an answer was lost.

        A waiting one can be moved to the place that is wanted, and so counts as if it were there.
        """
        first: dict[tuple[int, str, str, str], Workload] = {}
        found = []
        for workload in sorted(live, key=_preference, reverse=True) if len(live) > 1 else ():
            mark = workload.mark
            place = self.wanted.place if workload.phase is Phase.PENDING else mark.place
            stays = first.setdefault((mark.generation, mark.digest, mark.restart, place), workload)
            if stays is not workload:
                found.append((workload, stays))
        return found

    def _is_current(self, workload: Workload) -> bool:
        """Whether it is what is wanted; what can be changed on a waiting one does not matter."""
        mark, wanted = workload.mark, self.wanted
        if mark.digest != wanted.digest or (wanted.restart and mark.restart != wanted.restart):
            return False
        return workload.phase is Phase.PENDING or mark.place == wanted.place

    def _forced(self, workload: Workload) -> str:
        """Why a workload is to be ended whatever is wanted; "" when it is not."""
        if workload.stuck:
            return f"it would never start ({workload.reason}); started anew"
        since = workload.stopping
        if since is not None and self.now - since > self.wanted.grace + _PATIENCE:
            return f"was asked to stop {format_duration(self.now - since)} ago and is still there"
        return ""

    def _start(self, ended: Sequence[Workload]) -> Iterator[Action]:
        reason = self.hold or self.waits or self.taken
        if reason:
            yield Hold(self.wanted.service, reason)
            return
        attempt, delay, failure = next_attempt(self.wanted.digest, ended)
        reason = f"the last one ended: {failure}" if failure else "not there"
        reason += _attempt(attempt, delay)
        yield Deploy(self.wanted.service, self.number, reason, self._generation(), attempt, delay)

    def _change(self, live: Sequence[Workload], ended: Sequence[Workload], budget: Budget) -> Iterator[Action]:
        """What runs is not what is wanted. A healthy one is changed when the budget allows it, others at once.

        With surge, a healthy one goes on until its successor is healthy; otherwise it is ended for it.
        """
        if self.hold or self.waits:
            yield Hold(self.wanted.service, self.hold or self.waits)
            return
        again = next((one.id for one in live if (self.wanted.service, one.id, DELETED) in self.fought), "")
        if again:
            yield Hold(self.wanted.service, f"somebody deletes objects of {again} again and again")
            return
        healthy = any(workload.health is Health.HEALTHY for workload in live)
        counts = healthy and not self.wanted.in_place
        surge = counts and budget.take_surge()
        if counts and not surge and not budget.take_unavailable():
            return
        old = tuple(workload for workload in live if not (surge and workload.health is Health.HEALTHY))
        attempt, delay, failure = next_attempt(self.wanted.digest, ended)
        failed = f"; the last try ended: {failure}{_attempt(attempt, delay)}" if attempt else ""
        service, generation = self.wanted.service, self._generation()
        same = (self.wanted.digest, self.wanted.place)
        if any((workload.mark.digest, workload.mark.place) == same for workload in live):
            reason = "a new value of restart" + failed
            yield Restart(service, self.number, reason, old, generation, attempt, delay)
        else:
            reason = _difference(live, self.wanted.digest) + failed
            yield Replace(service, self.number, reason, old, generation, attempt, delay)

    def _settle(
        self, live: Sequence[Workload], current: Sequence[Workload], ended: Sequence[Workload], budget: Budget
    ) -> Iterator[Action]:
        """The wanted one is there: end what it replaces; keep it right, renew it in time."""
        newest = max(current, key=_preference)
        for workload in live:
            reason = self._superseded(workload, newest, budget)
            if reason:
                yield self._cancel(workload, reason)
            elif workload in current:
                yield from self._amend(workload)
        restart = self._react(newest)
        if restart:
            yield restart
        renewed = newest.phase is Phase.RUNNING and is_due(self.wanted, newest, self.now) and not self.hold
        if renewed and not isinstance(restart, Restart):
            yield self._renew(newest, ended)

    def _react(self, newest: Workload) -> Restart | Hold | None:
        """What is done about one that has been unhealthy for too long.

        Not while what it depends on is not healthy: that may be all that it lacks.
        """
        if not reactions.is_due(self.wanted, newest, self.now) or self.hold:
            return None
        why_not = self.waits or self.taken or self.reaction.why_not(newest)
        if why_not:
            return Hold(self.wanted.service, f"unhealthy, and not restarted now: {why_not}")
        attempt, delay = attempt_after(newest)
        reason = f"{self._unhealthy(newest)}{_attempt(attempt, delay)}"
        generation = self._generation()
        return Restart(self.wanted.service, self.number, reason, (newest,), generation, attempt, delay, unhealthy=True)

    def _unhealthy(self, workload: Workload) -> str:
        lasts = rough_duration(self.now - (workload.unhealthy or self.now))
        return f"{workload.id} has been unhealthy for {lasts}" + (f": {workload.reason}" if workload.reason else "")

    def _superseded(self, workload: Workload, newest: Workload, budget: Budget) -> str:
        """Why `workload` is to be ended now that `newest` is there; "" when it stays.

        Without surge its successor waits for its end; a healthy one then ends in its turn.
        """
        if workload is newest:
            return ""
        if newest.health is Health.HEALTHY:
            return f"replaced by {newest.id}, which is healthy"
        if reactions.is_due(self.wanted, workload, self.now) and not self.reaction.why_not(workload):
            return f"{self._unhealthy(workload)}; {newest.id} is there already"
        if self._is_current(workload) or self.wanted.surge:
            return ""
        in_turn = workload.health is not Health.HEALTHY or budget.take_unavailable()
        return f"replaced by {newest.id}" if in_turn else ""

    def _amend(self, workload: Workload) -> Iterator[Action]:
        """What can be put right on the living workload: its place in the queue, its limit, what was changed by hand."""
        if not workload.drift:
            yield from self._adjust(workload)
            return
        service = self.wanted.service
        due = tuple(one for one in workload.drift if (service, one.where, one.field) not in self.fought)
        if due and self.wanted.drift == "repair" and not self.hold:
            yield Repair(service, self.number, f"changed by hand: {_first(due)}", replace(workload, drift=due))

    def _adjust(self, workload: Workload) -> Iterator[Action]:
        """What can be put right on the living workload, so that it keeps its place in the queue or goes on running."""
        mark, limit, reason = workload.mark, None, "" if workload.marked else "its mark was damaged by hand"
        if workload.phase is Phase.PENDING:
            right = replace(mark, place=self.wanted.place, limit=self.wanted.limit)
            if right != mark:
                mark, reason = right, "its partition, QOS or time limit changed in Git while it waits"
                limit = timedelta(seconds=mark.limit) if mark.limit else None
            shorter = limit_before(self.closes, self.wanted, workload, self.now)
            if shorter and not reason:
                limit, reason = shorter, f"shortened to {format_duration(shorter)}, to end before the site closes"
        else:
            limit = lower_limit(self.wanted, workload, self.now)
            if limit:
                reason = f"its time limit was lowered to {format_duration(limit)}"
        if reason:
            yield Amend(self.wanted.service, self.number, reason, workload, mark, limit)

    def _renew(self, newest: Workload, ended: Sequence[Workload]) -> Renew:
        """A successor that failed before is tried again with the same backoff as a first start."""
        failed = [workload for workload in ended if workload.mark.generation > newest.mark.generation]
        attempt, delay, failure = next_attempt(self.wanted.digest, failed)
        left = max(newest.deadline - self.now, timedelta()) if newest.deadline else timedelta()
        reason = f"the time limit of {newest.id} is reached in {format_duration(left)}"
        reason += f"; the last successor ended: {failure}{_attempt(attempt, delay)}" if failure else ""
        return Renew(self.wanted.service, self.number, reason, (newest,), self._generation(), attempt, delay)

    def _cancel(self, workload: Workload, reason: str) -> Cancel:
        return Cancel(self.wanted.service, self.number, reason, (workload,))

    def _generation(self) -> int:
        return max((workload.mark.generation for workload in self.workloads), default=-1) + 1


def _preference(workload: Workload) -> tuple[int, int, bool, str]:
    """Of several that are right: the newest generation, then the healthiest, then the one that runs."""
    return (workload.mark.generation, -workload.health.rank, workload.phase is Phase.RUNNING, workload.id)


def _attempt(attempt: int, delay: timedelta) -> str:
    return f"; attempt {attempt} in {format_duration(delay)}" if attempt else ""


def _first(drift: Sequence[Drift]) -> str:
    more = f" and {len(drift) - 1} more" if len(drift) > 1 else ""
    return f"{drift[0]}{more}"


def _difference(live: Sequence[Workload], digest: str) -> str:
    seen = live[0].mark.digest
    if seen == digest:
        return "it runs in another partition or with another QOS than Git says"
    return f"what runs differs from Git ({seen or 'incomplete'}, wanted {digest})"
