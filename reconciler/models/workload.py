"""What is seen on a target."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from reconciler.models.health import Health


class Phase(Enum):
    """Where a workload stands in its life, whatever the platform calls it."""

    PENDING = "Pending"
    RUNNING = "Running"
    STOPPING = "Stopping"
    ENDED = "Ended"


class Cause(Enum):
    """Why a workload ended. The values are words for metrics."""

    STOPPED = "stopped"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    EXIT = "exit-code"
    SIGNAL = "signal"
    MEMORY = "out-of-memory"
    UNHEALTHY = "unhealthy"
    LAUNCH = "launch-failure"
    TIME_LIMIT = "time-limit"
    NODE = "node-failure"
    PREEMPTED = "preempted"
    SITE = "site"
    FORGOTTEN = "forgotten"


class PendingClass(Enum):
    """What a workload that has not started is waiting for. The values are words for metrics."""

    WAITING = "waiting"
    RESERVED = "reserved"
    HELD = "held"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Mark:
    """What we write on everything that we start; the platform keeps it, so that a new daemon knows all of it.

    `digest` hashes what decides what runs. `restart` hashes the service's `restart:` value ("" when unset).
    `generation` counts successors of one replica (a replaced or renewed job has the next higher one); `attempt` counts
    failed starts in a row. `revision` is the short id of the commit because of which it was deployed. `place` hashes
    where it waits (Slurm's partition and QOS), and `limit` is the time limit that was asked for, in seconds (0: the
    site's own): these two can be changed on a job that is waiting, without a new one.
    """

    owner: str
    service: str
    replica: int
    digest: str
    restart: str = ""
    generation: int = 0
    attempt: int = 0
    revision: str = ""
    place: str = ""
    limit: int = 0


#: Stands for the pointer where whole objects of a workload were deleted by hand.
DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Drift:
    """A declared field that is not on the platform as it was declared, or an object of ours whose mark was damaged.

    `where` names the object (`Deployment ai/web`), `field` is a JSON pointer into it. `manager` is who set it, by the
    platform's own record ("" when that does not say). `version` is the object's when this was seen. Values are not
    kept: what somebody typed by hand may be a secret.
    """

    where: str
    field: str
    manager: str = ""
    version: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.field}" + (f" (set by {self.manager})" if self.manager else "")


@dataclass(frozen=True, slots=True)
class Instance:
    """One process that serves: a Slurm job, or a pod. `name` is the job id, or the pod's name.

    `endpoints` maps a port name to host:port as it is reached from outside of it. `up` is the platform's word on it.
    """

    name: str
    node: str = ""
    up: bool = False
    endpoints: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Workload:
    """One replica seen on a target: a Slurm job, or the group of Kubernetes objects of a service (replica 0).

    `id` is the job id, or `namespace/service`. `digest` of the mark is "" when the group is incomplete (an object was
    deleted by hand), so that it never equals a wanted digest. `health` and `reason` are the platform's verdict.
    `since` is when the present phase began; `deadline` is when the platform will end it (a job's time limit), `limit`
    the whole time that it may run. `expected` is the platform's own estimate of its start. `endpoints` maps a port name
    to host:port. `cause` is why it ended, and `lasted` for how many seconds it had been healthy then.

    `pending` is what one that has not started waits for; a `stuck` one will never be started by the platform, whatever
    happens. `stopping` is since when it has been stopping by itself, because somebody asked it to. `marked` is False
    when its mark was damaged from outside and is known from an earlier look only. `note` is what it reports about
    itself, as the platform keeps it. `drift` is what differs from what was declared when it was deployed.

    `unhealthy` is since when one that runs, and had been healthy, is not any more (None: it is healthy, or was never).
    `submitted` is when it was handed over; `gpus` is how many it holds or asks for. `instances` is what serves of it.
    `restarts` is how often in a row the platform itself started it again because it ended soon after its start.
    """

    target: str
    id: str
    mark: Mark
    phase: Phase
    health: Health
    reason: str = ""
    since: datetime | None = None
    deadline: datetime | None = None
    endpoints: tuple[tuple[str, str], ...] = ()
    lasted: float = 0.0
    limit: timedelta | None = None
    expected: datetime | None = None
    cause: Cause | None = None
    pending: PendingClass | None = None
    stuck: bool = False
    stopping: datetime | None = None
    marked: bool = True
    note: str = ""
    drift: tuple[Drift, ...] = ()
    unhealthy: datetime | None = None
    submitted: datetime | None = None
    gpus: int = 0
    instances: tuple[Instance, ...] = ()
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something with the name of a service that does not bear our mark.

    `replica` is set when nobody else's mark is on it either, so that it may be that replica with a damaged mark:
    nothing is started beside it.
    """

    service: str
    what: str
    replica: int | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A part of a target that could not be looked at: one kind of object in one namespace (`ai/Ingress`), and why."""

    part: str
    why: str


@dataclass(frozen=True, slots=True)
class Observed:
    """One look at one target. When `complete` is False, `why` says what is missing and nothing may be concluded.

    A look with `gaps` is whole but for these parts: nothing may be concluded about what is made of them.

    `closes` is when the platform next closes for maintenance, where that keeps a workload waiting. All times are by
    this machine's clock.
    """

    target: str
    at: datetime
    complete: bool
    why: str = ""
    workloads: tuple[Workload, ...] = ()
    conflicts: tuple[Conflict, ...] = field(default=())
    closes: datetime | None = None
    gaps: tuple[Gap, ...] = ()

    def unknown(self, parts: AbstractSet[str]) -> str:
        """Why nothing is known of what is made of `parts`; "" when all of them were seen."""
        return next((gap.why for gap in self.gaps if gap.part in parts), "") if self.gaps else ""
