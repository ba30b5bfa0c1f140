"""How one replica stands: which of its workloads serves, which one speaks for it, and what is under way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.health.words import moment, waiting, waits_for
from reconciler.models.health import Health
from reconciler.models.status import State
from reconciler.models.units import format_duration
from reconciler.models.wanted import Wanted
from reconciler.models.workload import PendingClass, Phase, Workload

#: The state of a service whose workload is in a phase.
STATES = {Phase.PENDING: State.PENDING, Phase.RUNNING: State.RUNNING, Phase.STOPPING: State.STOPPING}
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Verdict:
    """State, health and the reason in words."""

    state: State
    health: Health
    why: str


@dataclass(frozen=True, slots=True)
class Standing:
    """One replica. `serving` is the running workload whose endpoints count; `best` is the one that speaks for it.

    `notes` say what is under way beside that: a renewal, a new limit that holds later.
    """

    verdict: Verdict
    best: Workload | None = None
    serving: Workload | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_ready(self) -> bool:
        """Whether it is healthy."""
        return self.serving is not None and self.serving.health is Health.HEALTHY

    @property
    def waits(self) -> Workload | None:
        """What is waited for, when nothing of it runs."""
        return self.best if self.best is not None and self.best.phase is Phase.PENDING else None


def stand(wanted: Wanted, loads: Sequence[Workload], now: datetime) -> Standing:
    """The standing of a replica of which `loads` is all that is seen, ended ones too."""
    alive = [workload for workload in loads if workload.phase is not Phase.ENDED]
    last = last_ended(loads)
    if not alive:
        again = f" again; the last one ended: {last.reason}" if last and last.reason else ""
        return Standing(Verdict(State.ABSENT, Health.PROGRESSING, f"is being started{again}"))
    serving = serving_of(alive)
    best = serving or max(alive, key=_hope)
    successors = [_successor(one, best, last, now) for one in alive if _is_successor(one, best)]
    return Standing(_speak(best, last, now), best, serving, (*_own_notes(wanted, best), *successors))


def serving_of(loads: Sequence[Workload]) -> Workload | None:
    """Of one replica's workloads the newest healthy one; otherwise the newest one that runs."""
    running = [workload for workload in loads if workload.phase is Phase.RUNNING]
    healthy = [workload for workload in running if workload.health is Health.HEALTHY]
    return max(healthy or running, key=_generation, default=None)


def last_ended(loads: Sequence[Workload]) -> Workload | None:
    """The workload that ended last, if any."""
    ended = [workload for workload in loads if workload.phase is Phase.ENDED]
    return max(ended, key=order_of_end, default=None)


def order_of_end(workload: Workload) -> tuple[float, int, int]:
    """Sorts ended workloads, the last one last."""
    since = workload.since.timestamp() if workload.since else 0.0
    return (since, workload.mark.generation, workload.mark.attempt)


def _generation(workload: Workload) -> int:
    return workload.mark.generation


def _hope(workload: Workload) -> tuple[bool, bool, int]:
    """Where nothing runs, what will start speaks, not what is ending or can never start."""
    return (workload.phase is Phase.PENDING, not workload.stuck, workload.mark.generation)


def _is_successor(workload: Workload, best: Workload) -> bool:
    return workload.mark.generation > best.mark.generation and workload.phase is not Phase.STOPPING


def _successor(workload: Workload, best: Workload, last: Workload | None, now: datetime) -> str:
    """A renewal or a roll-out under way; of a renewal also until when what runs now may run."""
    doing = workload.reason or "has been started"
    if workload.phase is Phase.PENDING:
        doing = _attempt(workload, last, now) if workload.mark.attempt else waiting(workload, now)
    text = f"its successor {workload.id}: {doing}"
    if best.deadline is None or workload.mark.digest != best.mark.digest:
        return text
    return f"{text}; the time limit of {best.id} is reached at {moment(best.deadline, now)}"


def _own_notes(wanted: Wanted, best: Workload) -> Iterator[str]:
    if not best.marked:
        yield f"the mark of {best.id} was damaged by hand and is written again"
    if best.phase is not Phase.RUNNING or best.limit is None or not wanted.limit:
        return
    limit = -(-wanted.limit // 60) * _MINUTE  # Slurm counts in minutes, rounded up
    if limit != best.limit:
        now, then = format_duration(best.limit), format_duration(limit)
        yield f"{best.id} has a time limit of {now}; {then} holds from the next job on"


def _speak(best: Workload, last: Workload | None, now: datetime) -> Verdict:
    if best.phase is not Phase.PENDING:
        return Verdict(STATES[best.phase], best.health, best.reason)
    if best.pending is PendingClass.BLOCKED:
        return Verdict(State.HELD, Health.FAILED, waiting(best, now))
    if best.pending is PendingClass.HELD:
        return Verdict(State.HELD, Health.DEGRADED, waiting(best, now))
    if not best.mark.attempt:
        return Verdict(State.PENDING, best.health, waiting(best, now))
    return Verdict(State.PENDING, Health.DEGRADED, _attempt(best, last, now))


def _attempt(workload: Workload, last: Workload | None, now: datetime) -> str:
    """When one more try begins, after which end."""
    begins = f" begins at {moment(workload.expected, now)}" if workload.expected else ""
    after = f"; after: {last.reason}" if last and last.reason else ""
    return f"attempt {workload.mark.attempt}{begins}{after}; {waits_for(workload)}"
