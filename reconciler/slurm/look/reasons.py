"""What a pending job waits for: Slurm's reasons, sorted into classes, with words for people. Pure.

Sources: squeue(1), "JOB REASON CODES"; https://slurm.schedmd.com/job_reason_codes.html; the strings of Slurm 21.08 to
26.05. A reason may also be a sentence ("ReqNodeNotAvail, Reserved for maintenance").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.models.workload import PendingClass

_WAITING, _RESERVED, _HELD, _BLOCKED = (
    PendingClass.WAITING,
    PendingClass.RESERVED,
    PendingClass.HELD,
    PendingClass.BLOCKED,
)
_NAMES = {_WAITING: "waiting", _RESERVED: "reserved", _HELD: "held", _BLOCKED: "blocked for ever"}
_FREES = "`scontrol release` frees it"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A class, and the reason in words. `stuck`: Slurm will never start it, whatever happens."""

    pending: PendingClass
    words: str
    stuck: bool = False


# The first that matches the whole reason counts.
_RULES: tuple[tuple[str, PendingClass, str], ...] = (
    ("None|WaitingForScheduling", _WAITING, "has not been looked at yet"),
    ("Resources", _WAITING, "for free resources"),
    ("Priority", _WAITING, "others have a higher priority"),
    ("BeginTime", _WAITING, "for its begin time"),
    ("Dependency", _WAITING, "for the job before it to end"),
    ("Licenses", _WAITING, "for licenses"),
    ("Prolog", _WAITING, "the prolog runs"),
    ("Cleaning", _WAITING, "its last run is being cleaned up"),
    ("BurstBuffer.*|burst_buffer.*", _WAITING, "for its burst buffer"),
    ("Power.*", _WAITING, "for power"),
    ("JobArrayTaskLimit", _WAITING, "for a limit of its array"),
    ("FedJobLock", _WAITING, "for another cluster of the federation"),
    (".*[Mm]aint.*", _RESERVED, "its nodes are reserved for maintenance before it would end"),
    ("Reservation", _RESERVED, "for its reservation"),
    ("ReqNodeNotAvail.*", _RESERVED, "its nodes are not available"),
    ("Nodes required for job are DOWN.*", _RESERVED, "its nodes are down, drained or reserved"),
    ("NodeDown", _RESERVED, "a node is down"),
    ("FrontEndDown", _RESERVED, "the front end is down"),
    ("PartitionDown", _RESERVED, "the partition is down"),
    ("PartitionInactive", _RESERVED, "the partition is not active"),
    ("JobHeldUser", _HELD, f"by the user; {_FREES}"),
    ("JobHeldAdmin", _HELD, "by an administrator"),
    ("JobHoldMaxRequeue", _HELD, "it was requeued too often"),
    ("launch failed requeued held|JobLaunchFailure", _HELD, "its launch failed"),
    ("ReservationDeleted", _HELD, "its reservation was deleted"),
    (".* held.*", _HELD, f"after it was requeued; {_FREES}"),
    ("DependencyNeverSatisfied", _BLOCKED, "what it waits for will never come"),
    ("(Bad)?Constraints", _BLOCKED, "no node has what it asks for"),
    ("PartitionTimeLimit", _BLOCKED, "its time is above the partition's limit"),
    ("PartitionNodeLimit", _BLOCKED, "its nodes are beyond the partition's limits"),
    ("PartitionConfig", _BLOCKED, "it asks for more than the partition allows"),
    ("MaxMemPerLimit", _BLOCKED, "it asks for more memory than is allowed for a CPU or a node"),
    ("InvalidAccount", _BLOCKED, "the account is not valid"),
    ("InvalidQOS", _BLOCKED, "the QOS is not valid"),
    ("ReservationInvalid", _BLOCKED, "the reservation is not valid"),
    ("Invalid.*", _BLOCKED, "it asks for something that is not valid"),
    ("AccountNotAllowed", _BLOCKED, "the account may not use the partition"),
    ("QOSNotAllowed", _BLOCKED, "the QOS may not use the partition"),
    ("DeadLine", _BLOCKED, "its deadline cannot be met"),
    ("QOSMax.*(PerJob|PerNode).*", _BLOCKED, "it asks for more than the QOS allows one job"),
    ("AssocMax.*(PerJob|PerNode).*", _BLOCKED, "it asks for more than the account allows one job"),
    ("QOSMin.*", _BLOCKED, "it asks for less than the QOS allows"),
    ("QOS.*", _WAITING, "for a limit of the QOS"),
    ("Assoc.*|AccountingPolicy", _WAITING, "for a limit of the account"),
    ("Max.*", _WAITING, "for a limit of the account"),
)
_PATTERNS = tuple((re.compile(pattern, re.DOTALL), pending, words) for pattern, pending, words in _RULES)
_STUCK = frozenset({"JobHoldMaxRequeue", "launch failed requeued held", "JobLaunchFailure", "DependencyNeverSatisfied"})


def waiting(why: str) -> Waiting:
    """What Slurm's reason `why` of a pending job means; one that is not known is a wait."""
    spoken = why.replace("_", " ")  # some versions write sentences so
    for pattern, pending, words in _PATTERNS:
        if pattern.fullmatch(why) or pattern.fullmatch(spoken):
            return Waiting(pending, f"{_NAMES[pending]}: {words} ({why})", is_stuck(why))
    return Waiting(_WAITING, f"waiting: {why}")


def is_stuck(why: str) -> bool:
    """Whether a pending job with this reason will never be started by Slurm."""
    return why in _STUCK or why.replace("_", " ") in _STUCK


def is_maintenance(why: str) -> bool:
    """Whether a job waits because its nodes are, or may be, reserved for maintenance."""
    return "maint" in why.lower() or why.startswith("ReqNodeNotAvail")
