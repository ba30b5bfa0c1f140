"""How it stands: what the table, the metrics and the HTTP pages show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from reconciler.errors import Complaint
from reconciler.models.health import Health
from reconciler.models.revision import Revision


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
class ServiceStatus:
    """One line of the table. `target` and `recipe` are "" where no good version of the service names them.

    `revision` is the short id of the commit that what runs was deployed from ("" if none).
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


@dataclass(frozen=True, slots=True)
class TargetStatus:
    """One target. `looked` is when the last complete look was taken."""

    target: str
    kind: str
    reachable: bool
    why: str = ""
    looked: datetime | None = None
    revision: str = ""


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
