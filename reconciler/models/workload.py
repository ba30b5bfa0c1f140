"""What is seen on a target."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from reconciler.models.health import Health


class Phase(Enum):
    """Where a workload stands in its life, whatever the platform calls it."""

    PENDING = "Pending"
    RUNNING = "Running"
    STOPPING = "Stopping"
    ENDED = "Ended"


@dataclass(frozen=True, slots=True)
class Mark:
    """What we write on everything that we start; the platform keeps it, so that a new daemon knows all of it.

    `digest` hashes what decides what runs. `restart` hashes the service's `restart:` value ("" when unset).
    `generation` counts successors of one replica (a replaced or renewed job has the next higher one); `attempt` counts
    failed starts in a row. `revision` is the short id of the commit because of which it was deployed.
    """

    owner: str
    service: str
    replica: int
    digest: str
    restart: str = ""
    generation: int = 0
    attempt: int = 0
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Workload:
    """One replica seen on a target: a Slurm job, or the group of Kubernetes objects of a service (replica 0).

    `id` is the job id, or `namespace/service`. `digest` of the mark is "" when the group is incomplete (an object was
    deleted by hand), so that it never equals a wanted digest. `health` and `reason` are the platform's verdict.
    `since` is when the present phase began; `deadline` is when the platform will end it (a job's time limit).
    `endpoints` maps a port name to host:port. `lasted` is how many seconds an ended job ran.
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


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something with the name of a service that does not bear our mark."""

    service: str
    what: str


@dataclass(frozen=True, slots=True)
class Observed:
    """One look at one target. When `complete` is False, `why` says what is missing and nothing may be concluded."""

    target: str
    at: datetime
    complete: bool
    why: str = ""
    workloads: tuple[Workload, ...] = ()
    conflicts: tuple[Conflict, ...] = field(default=())
