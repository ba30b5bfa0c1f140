"""What Slurm's job states mean for a service (squeue(1), "JOB STATE CODES"; Slurm 21.08 to 26.05). Pure.

An unknown word is never taken for an end: something of a newer Slurm runs on, with health Unknown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from reconciler.models.health import Health
from reconciler.models.workload import Cause, PendingClass, Phase
from reconciler.slurm.look import complaints
from reconciler.slurm.look.endings import Ending, ending
from reconciler.slurm.look.reasons import is_stuck, waiting
from reconciler.slurm.mark import Report, Stage


@dataclass(frozen=True, slots=True)
class Verdict:
    """Phase, health and the reason in words; `cause`, `pending` and `stuck` as in a Workload."""

    phase: Phase
    health: Health
    reason: str
    cause: Cause | None = None
    pending: PendingClass | None = None
    stuck: bool = False


def _held(reason: str) -> Verdict:
    return Verdict(Phase.PENDING, Health.DEGRADED, f"held: {reason}", pending=PendingClass.HELD)


_WAITS = Verdict(Phase.PENDING, Health.PENDING, "was requeued by Slurm", pending=PendingClass.WAITING)
_RELEASE = "; `scontrol release` frees it"

_ALIVE: dict[str, Verdict] = {
    "REQUEUED": _WAITS,
    "REQUEUE_FED": _WAITS,
    "REQUEUE_HOLD": _held(f"after it was requeued{_RELEASE}"),
    "SPECIAL_EXIT": _held(f"after a special exit{_RELEASE}"),
    "RESV_DEL_HOLD": _held("its reservation was deleted"),
    "CONFIGURING": Verdict(Phase.RUNNING, Health.PROGRESSING, "its nodes are being made ready"),
    "RUNNING": Verdict(Phase.RUNNING, Health.PROGRESSING, "has just been started"),
    "RESIZING": Verdict(Phase.RUNNING, Health.PROGRESSING, "is being resized"),
    "SIGNALING": Verdict(Phase.RUNNING, Health.PROGRESSING, "is being signalled"),
    "SUSPENDED": Verdict(Phase.RUNNING, Health.DEGRADED, "suspended by Slurm"),
    "STOPPED": Verdict(Phase.RUNNING, Health.DEGRADED, "stopped by Slurm"),
    "REVOKED": Verdict(Phase.RUNNING, Health.UNKNOWN, "runs on another cluster of the federation"),
    "COMPLETING": Verdict(Phase.STOPPING, Health.PROGRESSING, "is ending"),
    "STAGE_OUT": Verdict(Phase.STOPPING, Health.PROGRESSING, "its data is being staged out"),
}
_SILENT = Verdict(
    Phase.RUNNING,
    Health.PROGRESSING,
    "runs, and has never said how it is: it cannot write its comment (scontrol on the node), or hangs",
)
_STAGES: dict[Stage, Verdict] = {
    Stage.STARTING: Verdict(Phase.RUNNING, Health.PROGRESSING, "starting"),
    Stage.OK: Verdict(Phase.RUNNING, Health.HEALTHY, ""),
    Stage.BAD: Verdict(Phase.RUNNING, Health.DEGRADED, "its health probe fails"),
    Stage.LATE: Verdict(Phase.STOPPING, Health.DEGRADED, "was not healthy in time after its start"),
    Stage.STOPPING: Verdict(Phase.STOPPING, Health.PROGRESSING, "is stopping, as asked"),
    Stage.EXPIRING: Verdict(Phase.STOPPING, Health.PROGRESSING, "is stopping before its time limit"),
}
_PENDING_HEALTH = {
    PendingClass.WAITING: Health.PENDING,
    PendingClass.RESERVED: Health.PENDING,
    PendingClass.HELD: Health.DEGRADED,
    PendingClass.BLOCKED: Health.FAILED,
}


def verdict(state: str, why: str, report: Report | None, *, again: bool = False, silent: bool = False) -> Verdict:
    """What a job in `state` with Slurm's reason `why` means. `report`: what this very run said of itself.

    `again`: it ran before, and Slurm started it anew or will. `silent`: it has been running for long without a word.
    """
    if state == "PENDING":
        return _pending(why, again=again)
    if state == "RUNNING" and report:
        return _staged(report)
    if state == "RUNNING" and silent:
        return _SILENT
    alive = _ALIVE.get(state)
    if alive:
        return replace(alive, stuck=True) if alive.pending and is_stuck(why) else alive
    end = ending(state, why, report)
    if end:
        return _ended(end)
    return Verdict(Phase.RUNNING, Health.UNKNOWN, f"Slurm says {state!r}, which is not known")


@lru_cache(maxsize=1024)
def _pending(why: str, *, again: bool) -> Verdict:
    found = waiting(why)
    words = f"was requeued by Slurm (node failure or preemption); {found.words}" if again else found.words
    return Verdict(Phase.PENDING, _PENDING_HEALTH[found.pending], words, pending=found.pending, stuck=found.stuck)


def _staged(report: Report) -> Verdict:
    found = _STAGES[report.stage]
    if not report.why:
        return found
    match report.stage:
        case Stage.BAD:
            return replace(found, reason=complaints.fails(report.why))
        case Stage.STARTING:
            words = complaints.fails(report.why)
            return replace(found, reason=words if complaints.is_unready(report.why) else f"starting; {words}")
        case Stage.LATE:
            return replace(found, reason=f"{found.reason}; {complaints.fails(report.why)}")
        case _:
            return found


def _ended(end: Ending) -> Verdict:
    return Verdict(Phase.ENDED, end.health, end.words, cause=end.cause)
