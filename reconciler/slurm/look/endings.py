"""Why a job ended: by its own words, by Slurm's state and reason, and by its exit code. Pure."""

from __future__ import annotations

from typing import NamedTuple

from reconciler.models.health import Health
from reconciler.models.workload import Cause
from reconciler.slurm.look.complaints import fails, unready
from reconciler.slurm.mark import Report, Stage


class Ending(NamedTuple):
    """A cause, what it means for the service's health, and words for people.

    Failed: by a fault that the next attempt may meet again, so that a backoff is due. Degraded: the site ended it.
    Suspended: somebody wanted it so.
    """

    cause: Cause
    health: Health
    words: str


_FAILED, _DEGRADED, _SUSPENDED = Health.FAILED, Health.DEGRADED, Health.SUSPENDED

#: Not Slurm's: the state of a job of which Slurm says nothing any more.
FORGOTTEN = "FORGOTTEN"

_STATES: dict[str, Ending] = {
    FORGOTTEN: Ending(Cause.FORGOTTEN, _DEGRADED, "ended unseen: Slurm does not know it any more"),
    "COMPLETED": Ending(Cause.EXIT, _FAILED, "ended by itself with exit code 0"),
    "FAILED": Ending(Cause.EXIT, _FAILED, "failed"),
    "OUT_OF_MEMORY": Ending(Cause.MEMORY, _FAILED, "out of memory"),
    "BOOT_FAIL": Ending(Cause.SITE, _FAILED, "its node could not be booted"),
    "DEADLINE": Ending(Cause.SITE, _FAILED, "its deadline was reached"),
    "LAUNCH_FAILED": Ending(Cause.LAUNCH, _FAILED, "could not be launched"),
    "TIMEOUT": Ending(Cause.TIME_LIMIT, _DEGRADED, "its time limit was reached"),
    "NODE_FAIL": Ending(Cause.NODE, _DEGRADED, "its node failed"),
    "PREEMPTED": Ending(Cause.PREEMPTED, _DEGRADED, "was preempted"),
    "CANCELLED": Ending(Cause.CANCELLED, _SUSPENDED, "was cancelled"),
}
_STOPPED = Ending(Cause.STOPPED, _SUSPENDED, "was stopped, as asked")
_EXPIRED = Ending(Cause.EXPIRED, _DEGRADED, "stopped before its time limit")
_LATE = Ending(Cause.UNHEALTHY, _FAILED, "was not healthy in time after its start")
_KILLED = Ending(Cause.SIGNAL, _FAILED, "its script was killed on the node")

# Slurm's reasons for a job that failed (squeue(1), "JOB REASON CODES").
_REASONS: dict[str, Ending] = {
    "NonZeroExitCode": Ending(Cause.EXIT, _FAILED, "ended with an exit code other than 0"),
    "JobLaunchFailure": Ending(
        Cause.LAUNCH, _FAILED, "could not be launched; does the folder of logs exist on the nodes?"
    ),
    "SystemFailure": Ending(Cause.SITE, _FAILED, "failed by a fault of Slurm or of its node"),
    "NodeDown": Ending(Cause.NODE, _DEGRADED, "its node failed"),
    "TimeLimit": _STATES["TIMEOUT"],
    "InactiveLimit": Ending(Cause.SITE, _FAILED, "was ended by the site's InactiveLimit"),
    "OutOfMemory": _STATES["OUT_OF_MEMORY"],
    "BadConstraints": Ending(Cause.LAUNCH, _FAILED, "was refused: no node has what it asks for"),
}
# Given by job.sh (EX_CONFIG of sysexits.h).
_UNREADY = 78
# The others are given by bash for a program that it cannot start.
_CODES: dict[int, str] = {
    _UNREADY: "could not be made ready: a secret, a folder, a port or a first step is wrong",
    126: "its program could not be executed",
    127: "its program was not found",
}
_KILL = 137


def ending(state: str, why: str, report: Report | None) -> Ending | None:
    """Why a job in `state` ended; None when the state is no end. `report`: what this very run said of itself.

    A job that ended by itself tells why better than Slurm does; an end that Slurm made is told by its state.
    """
    known = _STATES.get(state)
    stage = report.stage if report else None
    if known is None:
        return None
    if stage is Stage.LATE and state in {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT"}:
        return _LATE._replace(words=f"{_LATE.words}; {fails(report.why)}") if report and report.why else _LATE
    if state not in {"COMPLETED", "FAILED"}:
        return known
    if stage is Stage.STOPPING:
        return _STOPPED
    if stage is Stage.EXPIRING:
        return _EXPIRED
    return known if state == "COMPLETED" else _failure(why, report)


def _failure(why: str, report: Report | None) -> Ending:
    if report and report.code:
        if report.code == _UNREADY and report.why:
            return Ending(Cause.LAUNCH, _FAILED, unready(report.why))
        return _code(report.code, why)
    if report and why == "JobLaunchFailure":  # it was launched, as it has spoken
        return _KILLED
    if why.startswith("RaisedSignal"):
        return Ending(Cause.SIGNAL, _FAILED, f"was ended by a signal ({why})")
    return _REASONS.get(why, Ending(Cause.EXIT, _FAILED, f"failed ({why})"))


def _code(code: int, why: str) -> Ending:
    """Bash gives 128 and the signal's number for a child that was ended by a signal (bash(1), "EXIT STATUS")."""
    if code in _CODES:
        return Ending(Cause.LAUNCH, _FAILED, f"{_CODES[code]} (exit code {code})")
    if code == _KILL and why == "OutOfMemory":
        return Ending(Cause.MEMORY, _FAILED, "out of memory")
    if code > 128:
        return Ending(Cause.SIGNAL, _FAILED, f"was ended by signal {code - 128}")
    return Ending(Cause.EXIT, _FAILED, f"ended with exit code {code}")
