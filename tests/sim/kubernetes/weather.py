"""What can be wrong between a daemon and the API server, and who is told of what is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from reconciler.kube.kinds import Object
from tests.sim.kubernetes import status
from tests.sim.kubernetes.status import StatusError


class Fault(Enum):
    """What can happen to one call. LATE: the request arrives after the caller has given up."""

    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    UNREACHED = "unreached"
    LOST = "answer lost"
    LATE = "late"
    BUSY = "429"
    BROKEN = "500"
    CLASH = "409"
    EXPIRED = "410"
    DENIED = "denied by a webhook"
    STALE = "stale list"
    CUT = "stream cut"
    DOUBLED = "events twice"
    LAGS = "events late"
    UNSEATED = "lease lost"


class DeathError(BaseException):
    """The daemon is killed at this instruction."""


@dataclass(frozen=True, slots=True)
class Write:
    """One request that changes something. `item` is what is applied."""

    verb: str
    kind: str
    namespace: str
    name: str
    uid: str = ""
    item: Object | None = None


class Witness(Protocol):
    """Is told of each write before it is sent, and of each object that it made."""

    def before(self, write: Write) -> None:
        """A write is about to be sent."""
        ...

    def made(self, item: Object) -> None:
        """This is there after a write."""
        ...

    def deleted(self, uid: str) -> None:
        """The deletion of this object was carried out."""
        ...


@dataclass
class Weather:
    """What is wrong with the server for a while: it is down, or refuses (verb, kind).

    `restarts` counts how often it was away; `later` carries out late writes.
    """

    later: Callable[[int, Callable[[], object]], None]
    down: bool = False
    restarts: int = 0

    def __post_init__(self) -> None:
        self.forbidden: set[tuple[str, str]] = set()


#: How the server refuses.
REFUSALS: Mapping[Fault, Callable[[], StatusError]] = {
    Fault.BUSY: status.busy,
    Fault.BROKEN: status.broken,
    Fault.CLASH: lambda: status.conflict("object", "the object has been modified"),
    Fault.EXPIRED: lambda: status.expired(1),
    Fault.DENIED: lambda: status.denied("guard.example.com"),
}
#: No answer; to a read, they are all the same.
SILENCE = (Fault.UNREACHED, Fault.LOST, Fault.LATE)
#: Which refusals a read meets, and a write.
READING = (Fault.BUSY, Fault.BROKEN, Fault.EXPIRED)
WRITING = (Fault.BUSY, Fault.BROKEN, Fault.CLASH, Fault.DENIED)
