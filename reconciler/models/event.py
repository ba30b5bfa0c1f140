"""What happened, as the board noticed it: numbered, for those who follow it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reconciler.models.health import Health
from reconciler.models.proposal import Accepted, Caller
from reconciler.models.status import ServiceStatus, State

Verdict = tuple[State, Health]


@dataclass(frozen=True, slots=True)
class Turned:
    """A service stands otherwise than `before` (None: it is new in the table).

    The verdict may be the same, and only its revision, its replicas or its endpoints others.
    """

    line: ServiceStatus
    before: Verdict | None

    @property
    def after(self) -> Verdict:
        """How it stands now."""
        return self.line.state, self.line.health


@dataclass(frozen=True, slots=True)
class Vanished:
    """Nothing of a service is on a target any more, and nobody wants it there. `before` was its last verdict."""

    service: str
    target: str
    before: Verdict


@dataclass(frozen=True, slots=True)
class InForce:
    """Another revision is in force, or what is said of it changed: see SourceStatus. `complaints` is their number."""

    sha: str
    author: str
    subject: str
    committed: datetime | None
    error: str
    complaints: int


@dataclass(frozen=True, slots=True)
class Reached:
    """A target is reachable or not any more, or somebody else leads there: see TargetStatus."""

    target: str
    kind: str
    reachable: bool
    why: str
    leads: bool
    leader: str
    restarts_held: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal is in the repository. `verb` is what was asked for, in one word (`start`)."""

    verb: str
    caller: Caller
    accepted: Accepted


What = Turned | Vanished | InForce | Reached | Proposed


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened at `at` (None: not known). Numbers count from 1 and none is left out."""

    number: int
    at: datetime | None
    what: What
