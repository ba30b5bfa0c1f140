"""What a service waits for, and what the daemon will do about it and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from reconciler.health import moment, waiting
from reconciler.models.action import Action, Amend, Cancel, Deploy, Hold, Renew, Repair, Replace, Restart
from reconciler.models.health import Health
from reconciler.models.units import rough_duration
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Phase, Workload

_LIVE = (Phase.PENDING, Phase.RUNNING)


def waits(there: Iterable[Workload], holds: Iterable[str], error: str, now: datetime) -> Iterator[str]:
    """One sentence for each thing that is waited for. `error`: why the last write failed; `holds`: of the plan."""
    for workload in there:
        if workload.phase is Phase.PENDING:
            since = f"; since {when(workload.since, now)}" if workload.since else ""
            yield f"{workload.id}: {waiting(workload, now)}{since}"
    if error:
        yield f"nothing more is written for now, as the last write failed: {error}"
    for reason in dict.fromkeys(holds):
        if reason != error:
            yield f"nothing is changed for now: {reason}"


def coming(wanted: Wanted | None, there: Sequence[Workload], actions: Iterable[Action], now: datetime) -> Iterator[str]:
    """What the last turn decided, then what is to come by itself."""
    for action in actions:
        if not isinstance(action, Hold):
            yield f"{_words(action)}: {action.reason}"
    for workload in there:
        if workload.phase is Phase.PENDING and workload.mark.attempt and workload.expected:
            begins = "begins at" if workload.expected > now else "was due at"
            yield f"{workload.id} is attempt {workload.mark.attempt} and {begins} {when(workload.expected, now)}"
    if wanted is not None and not wanted.suspended:
        for number in range(wanted.units):
            yield from _hand_over(wanted, [one for one in there if one.mark.replica == number], now)


def when(time: datetime, now: datetime) -> str:
    """`14:02 UTC, in 1h20m`, or `…, 3m ago`."""
    distance = f"in {rough_duration(time - now)}" if time > now else f"{rough_duration(now - time)} ago"
    return f"{moment(time, now)}, {distance}"


def _words(action: Action) -> str:
    match action:
        case Deploy(replica=number):
            return f"starts replica {number}"
        case Replace(replica=number) | Restart(replica=number):
            return f"starts replica {number} anew"
        case Renew(replica=number):
            return f"submits a successor for replica {number}"
        case Amend(old=old):
            return f"changes {old.id} in place"
        case Repair(old=old):
            return f"puts back what was changed by hand on {old.id}"
        case Cancel(old=old):
            return f"ends {', '.join(workload.id for workload in old)}"
        case Hold():
            return "does nothing"


def _hand_over(wanted: Wanted, mine: Sequence[Workload], now: datetime) -> Iterator[str]:
    """What follows the running workload of one replica: a successor that is there, or one that will be."""
    live = [workload for workload in mine if workload.phase in _LIVE]
    running = [workload for workload in live if workload.phase is Phase.RUNNING]
    if not running:
        return
    old = min(running, key=lambda workload: workload.mark.generation)
    newer = [workload for workload in live if workload.mark.generation > old.mark.generation]
    if newer:
        successor = max(newer, key=lambda workload: workload.mark.generation)
        yield _takes_over(wanted, successor, old)
    elif wanted.lead and old.deadline:
        lead = min(wanted.lead, old.limit / 2) if old.limit else wanted.lead
        yield _renewal(wanted, old, old.deadline - lead, now)


def _takes_over(wanted: Wanted, successor: Workload, old: Workload) -> str:
    if wanted.stateful:
        return f"{successor.id} starts when {old.id} is gone, as its data must not be used by two at once"
    if successor.health is Health.HEALTHY:
        return f"{successor.id} has taken over from {old.id}, which is ended"
    return f"{successor.id} takes over from {old.id} once it is healthy; then {old.id} is ended"


def _renewal(wanted: Wanted, old: Workload, begins: datetime, now: datetime) -> str:
    how = "starts when it is gone" if wanted.stateful else "takes over before it ends"
    deadline = old.deadline or begins
    lead = rough_duration(max(deadline - begins, timedelta()))
    return f"submits the successor of {old.id} at {when(begins, now)} ({lead} before its time limit); it {how}"
