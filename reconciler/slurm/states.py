"""What Slurm's job states and reasons mean for a service (squeue(1), "JOB STATE CODES"; Slurm 21.08 to 26.05).

An unknown word is never taken for an end: something of a newer Slurm runs on, with health Unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.models.health import Health
from reconciler.models.workload import Phase
from reconciler.slurm.mark import Report, Stage


@dataclass(frozen=True, slots=True)
class Verdict:
    """Phase, health and the reason in words."""

    phase: Phase
    health: Health
    reason: str


# Failed: it ended by its own fault, so that a backoff is due. Degraded: the site ended it. Suspended: on purpose.
_STATES: dict[str, Verdict] = {
    "PENDING": Verdict(Phase.PENDING, Health.PENDING, ""),
    "REQUEUED": Verdict(Phase.PENDING, Health.PENDING, "was requeued"),
    "REQUEUE_FED": Verdict(Phase.PENDING, Health.PENDING, "was requeued in the federation"),
    "REQUEUE_HOLD": Verdict(Phase.PENDING, Health.PENDING, "held after it was requeued; `scontrol release` frees it"),
    "SPECIAL_EXIT": Verdict(Phase.PENDING, Health.PENDING, "held after a special exit; `scontrol release` frees it"),
    "RESV_DEL_HOLD": Verdict(Phase.PENDING, Health.PENDING, "held: its reservation was deleted"),
    "CONFIGURING": Verdict(Phase.RUNNING, Health.PROGRESSING, "its nodes are being made ready"),
    "RUNNING": Verdict(Phase.RUNNING, Health.PROGRESSING, "has just been started"),
    "RESIZING": Verdict(Phase.RUNNING, Health.PROGRESSING, "is being resized"),
    "SIGNALING": Verdict(Phase.RUNNING, Health.PROGRESSING, "is being signalled"),
    "SUSPENDED": Verdict(Phase.RUNNING, Health.DEGRADED, "suspended by Slurm"),
    "STOPPED": Verdict(Phase.RUNNING, Health.DEGRADED, "stopped by Slurm"),
    "REVOKED": Verdict(Phase.RUNNING, Health.UNKNOWN, "runs on another cluster of the federation"),
    "COMPLETING": Verdict(Phase.STOPPING, Health.PROGRESSING, "is ending"),
    "STAGE_OUT": Verdict(Phase.STOPPING, Health.PROGRESSING, "its data is being staged out"),
    "COMPLETED": Verdict(Phase.ENDED, Health.FAILED, "ended by itself with exit code 0"),
    "FAILED": Verdict(Phase.ENDED, Health.FAILED, "failed"),
    "OUT_OF_MEMORY": Verdict(Phase.ENDED, Health.FAILED, "out of memory"),
    "BOOT_FAIL": Verdict(Phase.ENDED, Health.FAILED, "its node could not be booted"),
    "DEADLINE": Verdict(Phase.ENDED, Health.FAILED, "its deadline was reached"),
    "TIMEOUT": Verdict(Phase.ENDED, Health.DEGRADED, "its time limit was reached"),
    "NODE_FAIL": Verdict(Phase.ENDED, Health.DEGRADED, "its node failed"),
    "PREEMPTED": Verdict(Phase.ENDED, Health.DEGRADED, "was preempted"),
    "CANCELLED": Verdict(Phase.ENDED, Health.SUSPENDED, "was cancelled"),
}

_STAGES: dict[Stage, Verdict] = {
    Stage.STARTING: Verdict(Phase.RUNNING, Health.PROGRESSING, "starting"),
    Stage.OK: Verdict(Phase.RUNNING, Health.HEALTHY, ""),
    Stage.BAD: Verdict(Phase.RUNNING, Health.DEGRADED, "its health probe fails"),
    Stage.LATE: Verdict(Phase.STOPPING, Health.DEGRADED, "was not healthy in time after its start"),
    Stage.STOPPING: Verdict(Phase.STOPPING, Health.PROGRESSING, "is stopping, as asked"),
    Stage.EXPIRING: Verdict(Phase.STOPPING, Health.PROGRESSING, "is stopping before its time limit"),
}

# First match wins; a word stands for all reasons that begin with it (squeue(1), "JOB REASON CODES").
_PENDING: tuple[tuple[str, str], ...] = (
    ("None", "waiting: has not been looked at yet"),
    ("Resources", "waiting: for free resources"),
    ("Priority", "waiting: others have a higher priority"),
    ("BeginTime", "waiting: for its begin time"),
    ("Dependency", "waiting: for the job before it to end"),
    ("Reservation", "waiting: for its reservation"),
    ("Licenses", "waiting: for licenses"),
    ("ReqNodeNotAvail", "waiting: its nodes are not available"),
    ("Nodes_required_for_job_are_DOWN", "waiting: its nodes are down, drained or reserved"),
    ("NodeDown", "waiting: a node is down"),
    ("PartitionDown", "waiting: the partition is down"),
    ("PartitionInactive", "waiting: the partition is not active"),
    ("Prolog", "waiting: the prolog runs"),
    ("Cleaning", "waiting: its last run is being cleaned up"),
    ("JobHeldUser", "held: by the user; `scontrol release` frees it"),
    ("JobHeldAdmin", "held: by an administrator"),
    ("JobHoldMaxRequeue", "held: it was requeued too often"),
    ("launch_failed_requeued_held", "held: its launch failed"),
    ("JobLaunchFailure", "held: its launch failed"),
    ("DependencyNeverSatisfied", "blocked for ever: what it waits for will never come"),
    ("BadConstraints", "blocked for ever: no node has what it asks for"),
    ("PartitionTimeLimit", "blocked for ever: its time is above the partition's limit"),
    ("PartitionNodeLimit", "blocked for ever: its nodes are beyond the partition's limits"),
    ("PartitionConfig", "blocked for ever: it asks for more than the partition allows"),
    ("InvalidAccount", "blocked for ever: the account is not valid"),
    ("InvalidQOS", "blocked for ever: the QOS is not valid"),
    ("AccountNotAllowed", "blocked for ever: the account may not use the partition"),
    ("DeadLine", "blocked for ever: its deadline cannot be met"),
    ("QOSMax", "waiting: for a limit of the QOS"),
    ("QOSGrp", "waiting: for a limit of the QOS"),
    ("QOSMin", "blocked for ever: it asks for less than the QOS allows"),
    ("QOS", "waiting: for the QOS"),
    ("Assoc", "waiting: for a limit of the account"),
    ("Max", "waiting: for a limit"),
)

_FAILED: dict[str, str] = {
    "NonZeroExitCode": "ended with an exit code other than 0",
    "JobLaunchFailure": "could not be launched; does the folder of logs exist on the nodes?",
    "SystemFailure": "failed by a fault of Slurm or of its node",
    "BadConstraints": "was refused: no node has what it asks for",
}

# Given by job.sh (78) and by bash.
_CODES: dict[int, str] = {
    78: "could not be made ready: a secret, a folder, a port or a first step is wrong",
    126: "its program could not be executed",
    127: "its program was not found",
}


def verdict(state: str, why: str, report: Report | None) -> Verdict:
    """What a job in `state` with Slurm's reason `why` means. What it reported counts only from its start on."""
    known = _STATES.get(state)
    if known is None:
        return Verdict(Phase.RUNNING, Health.UNKNOWN, f"Slurm says {state!r}, which is not known")
    if known.phase is Phase.PENDING:
        return Verdict(known.phase, known.health, known.reason or _pending(why))
    if state == "RUNNING" and report:
        return _STAGES[report.stage]
    if known.phase is Phase.ENDED:
        return _ended(state, known, why, report)
    return known


def _pending(why: str) -> str:
    for beginning, words in _PENDING:
        if why.startswith(beginning):
            return f"{words} ({why})"
    return f"waiting: {why}"


def _ended(state: str, known: Verdict, why: str, report: Report | None) -> Verdict:
    """A job that ended by itself tells why better than Slurm does; an end that Slurm made is told by its state."""
    if state not in {"COMPLETED", "FAILED"}:
        return known
    if report and report.stage is Stage.STOPPING:
        return Verdict(known.phase, Health.SUSPENDED, "was stopped, as asked")
    if report and report.stage is Stage.EXPIRING:
        return Verdict(known.phase, Health.DEGRADED, "stopped before its time limit")
    if state == "COMPLETED":
        return known
    return Verdict(known.phase, known.health, _failure(why, report))


def _failure(why: str, report: Report | None) -> str:
    if report and report.stage is Stage.LATE:
        return _STAGES[Stage.LATE].reason
    if report and report.code:
        return _code(report.code)
    return _FAILED.get(why, f"failed ({why})")


def _code(code: int) -> str:
    """Bash gives 128 and the signal's number for a child that was ended by a signal (bash(1), "EXIT STATUS")."""
    known = _CODES.get(code)
    if known:
        return f"{known} (exit code {code})"
    return f"was ended by signal {code - 128}" if code > 128 else f"ended with exit code {code}"
