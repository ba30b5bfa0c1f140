"""How it stands: what the table, the metrics and the HTTP pages show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from reconciler.errors import Complaint
from reconciler.models.action import Plan
from reconciler.models.health import Health
from reconciler.models.revision import Revision
from reconciler.models.wanted import ResolvedService, Wanted
from reconciler.models.workload import Cause, Drift, Gap, Observed, PendingClass


class State(Enum):
    """Where a service stands between Git and the platform."""

    ABSENT = "Absent"
    PENDING = "Pending"
    RUNNING = "Running"
    STOPPING = "Stopping"
    SUSPENDED = "Suspended"
    HELD = "Held"
    REMOVING = "Removing"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Fight:
    """A field repaired `times` times lately, each time undone by `drift.manager`; it is repaired again at `until`."""

    drift: Drift
    times: int
    until: datetime


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One line of the table. `target` and `recipe` are "" where no good version of the service names them.

    `revision` is the short id of the commit that what runs was deployed from ("" if none). `pending` is what the
    replica that is furthest behind waits for, and `expected` when the platform thinks that it starts. `deadline` is
    the earliest time limit of a healthy replica. `attempt` counts failed starts in a row, `ended` is why the last
    workload ended (None if nothing is known of one), `generation` the highest number of hand-overs of a replica.
    `drift` is what was changed by hand and is not repaired yet; `fights` is what somebody undoes again and again.
    """

    service: str
    target: str
    recipe: str
    state: State
    health: Health
    since: datetime
    why: str
    revision: str = ""
    frozen: str = ""
    replicas: int = 0
    ready: int = 0
    endpoints: tuple[tuple[str, str], ...] = ()
    pending: PendingClass | None = None
    expected: datetime | None = None
    deadline: datetime | None = None
    attempt: int = 0
    ended: Cause | None = None
    generation: int = 0
    drift: tuple[Drift, ...] = ()
    fights: tuple[Fight, ...] = ()


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """One target. `looked` is when the last complete look was taken, `gaps` what it could not see.

    `leads`: this daemon may write there; `leader` is who may, where daemons contend for it ("": not known).
    """

    target: str
    kind: str
    reachable: bool
    why: str = ""
    looked: datetime | None = None
    revision: str = ""
    gaps: tuple[Gap, ...] = ()
    leads: bool = True
    leader: str = ""


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """The repository: the revision in force, what is wrong with its files, and whether it can be read now.

    `held` names services that never had a good version, so that no target is known for them, and says why.
    """

    revision: Revision | None = None
    error: str = ""
    complaints: tuple[Complaint, ...] = ()
    held: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Status:
    """Everything at one moment, immutable."""

    source: SourceStatus = SourceStatus()
    targets: Mapping[str, TargetStatus] = field(default_factory=dict)
    services: tuple[ServiceStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """All that the last turn of one target worked from, for an explanation in words. `errors`: as given to `judge`."""

    target: str
    services: tuple[tuple[ResolvedService, Wanted], ...]
    seen: Observed
    plan: Plan
    errors: Mapping[str, str] = field(default_factory=dict)
