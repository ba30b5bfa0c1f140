"""How it stands: what the table, the metrics and the HTTP pages show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from reconciler.errors import Complaint
from reconciler.models.action import Plan
from reconciler.models.health import Health
from reconciler.models.recipe import HealthProbe, MetricsEndpoint
from reconciler.models.revision import Revision
from reconciler.models.wanted import ResolvedService, Wanted
from reconciler.models.workload import Cause, Drift, Gap, Instance, Observed, PendingClass, Phase


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
class Transition:
    """A verdict on a service that is another one than before (None: the first one since the daemon's start)."""

    at: datetime
    before: tuple[State, Health] | None
    after: tuple[State, Health]
    why: str


@dataclass(frozen=True, slots=True)
class Serving:
    """One instance of a replica. `up` folds the platform's word and the daemon's own probe; `workload` is its id.

    `answers` is the endpoint layer alone: whether its probe is answered (None: nobody asks, or not known yet).
    """

    replica: int
    workload: str
    instance: Instance
    up: bool
    answers: bool | None = None


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One line of the table. `target` and `recipe` are "" where no good version of the service names them.

    `revision` is the short id of the commit that what runs was deployed from ("" if none). `pending` is what the
    replica that is furthest behind waits for, and `expected` when the platform thinks that it starts. `deadline` is
    the earliest time limit of a healthy replica. `attempt` counts failed starts in a row, `ended` is why the last
    workload ended (None if nothing is known of one), `generation` the highest number of hand-overs of a replica.
    `drift` is what was changed by hand and is not repaired yet; `fights` is what somebody undoes again and again.

    `labels` are its own (`metadata.labels`), `scrape` says where it exports metrics (None: nowhere), `probe` how its
    health is asked for. `serving` are its running instances. `looping`: it fails again and again right after its start.
    `unhealthy` is since when the replica that has been unhealthy longest is so.
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
    labels: Mapping[str, str] = field(default_factory=dict)
    scrape: MetricsEndpoint | None = None
    probe: HealthProbe | None = None
    serving: tuple[Serving, ...] = ()
    looping: bool = False
    unhealthy: datetime | None = None


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """One target. `looked` is when the last complete look was taken, `gaps` what it could not see.

    `leads`: this daemon may write there; `leader` is who may, where daemons contend for it ("": not known).
    `jobs` counts our workloads there by phase; `gpus` counts theirs, of those that run and of those that wait.
    `restarts_held` is "" or why unhealthy services are not restarted just now: so many at once are no fault of theirs.
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
    jobs: Mapping[Phase, int] = field(default_factory=dict)
    gpus: tuple[int, int] = (0, 0)
    restarts_held: str = ""


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """The repository: the revision in force, what is wrong with its files, and whether it can be read now.

    `held` names services that never had a good version, so that no target is known for them, and says why. `fetched` is
    when it was read last, which took `seconds`; `verified` is whether the head's signature is good (None: not asked):
    where it must be and is not, an older commit is in force, and `error` says why.
    """

    revision: Revision | None = None
    error: str = ""
    complaints: tuple[Complaint, ...] = ()
    held: Mapping[str, str] = field(default_factory=dict)
    fetched: datetime | None = None
    seconds: float = 0.0
    verified: bool | None = None


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
