"""What is to be done: frozen values, each with its reason in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from reconciler.errors import Next
from reconciler.models.workload import Mark, Workload


@dataclass(frozen=True, slots=True)
class Deploy:
    """Start a replica that is not there, not before `delay` has passed (the platform keeps the backoff)."""

    service: str
    replica: int
    reason: str
    generation: int = 0
    attempt: int = 0
    delay: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Replace:
    """What runs is not what is wanted: start a successor and end `old` (those that need not wait for it)."""

    service: str
    replica: int
    reason: str
    old: tuple[Workload, ...]
    generation: int = 0
    attempt: int = 0
    delay: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Restart:
    """The same content once more: somebody asked for it (a new value of `restart:`), or it is not healthy.

    `unhealthy` tells the second from the first.
    """

    service: str
    replica: int
    reason: str
    old: tuple[Workload, ...]
    generation: int = 0
    attempt: int = 0
    delay: timedelta = timedelta()
    unhealthy: bool = False


@dataclass(frozen=True, slots=True)
class Renew:
    """Start the successor of a job that is close to its time limit; the old one goes on meanwhile."""

    service: str
    replica: int
    reason: str
    old: tuple[Workload, ...]
    generation: int = 0
    attempt: int = 0
    delay: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Amend:
    """Change `old` where it is: its place in the queue, its time limit (`limit`; None: leave it) or its mark."""

    service: str
    replica: int
    reason: str
    old: Workload
    mark: Mark
    limit: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Repair:
    """Put back what was changed by hand on `old`, which is otherwise what is wanted."""

    service: str
    replica: int
    reason: str
    old: Workload


@dataclass(frozen=True, slots=True)
class Cancel:
    """End a workload of ours. `removal`: the service is no longer wanted at all, so that data rules apply."""

    service: str
    replica: int
    reason: str
    old: tuple[Workload, ...]
    removal: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """Do nothing about a service for now, and say why."""

    service: str
    reason: str


Action = Deploy | Replace | Restart | Renew | Amend | Repair | Cancel | Hold


def kind_of(action: Action) -> str:
    """The action's name in lower case, as metrics, logs and pages use it."""
    return type(action).__name__.lower()


def subject_of(action: Action) -> str:
    """What it is about: `faiss.0`, or `faiss` for a Hold."""
    return action.service if isinstance(action, Hold) else f"{action.service}.{action.replica}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a turn will do on one target, in order. `restarts_held` is as in `TargetStatus`."""

    target: str
    actions: tuple[Action, ...] = ()
    restarts_held: str = ""

    @property
    def changes(self) -> tuple[Action, ...]:
        """The actions that touch the platform (all but Hold)."""
        return tuple(action for action in self.actions if not isinstance(action, Hold))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one action: `error` is "" on success; otherwise `next` says what may be done about it.

    `changed` is False when there was nothing to do after all. `seconds` is how long it took.
    """

    action: Action
    error: str = ""
    next: Next = Next.RETRY
    changed: bool = True
    seconds: float = field(default=0.0, compare=False)
