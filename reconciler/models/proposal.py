"""What somebody asks to be changed in the repository, and who asks. A proposal becomes a commit, never an act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """What a caller may do: look; also propose changes of its services; or propose any change."""

    READ = "read"
    PROPOSE = "propose"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and `through` what (`token`, `oidc`, `socket`, `loopback`, `command line`).

    `services` are patterns of names (fnmatch: `bench-*`) and `folders` folders of the repository ("" is all of it)
    that a caller with the role PROPOSE may touch.
    """

    name: str
    through: str
    role: Role
    services: tuple[str, ...] = ("*",)
    folders: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True)
class Start:
    """A new service. `spec` is what its document says below `spec:`, keys in camelCase, `recipe` among them.

    `folder`: where its file goes, inside the repository; "": where the operator's settings say.
    """

    name: str
    spec: Mapping[str, Any]
    labels: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Update:
    """Other values for a service: a JSON merge patch (RFC 7396) on its document's `spec`, and on its labels."""

    name: str
    spec: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stop:
    """A service is wanted no more: its document goes, and its file with the last document."""

    name: str


@dataclass(frozen=True, slots=True)
class Restart:
    """A service is restarted once: `spec.restart` gets this value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Suspend:
    """A service is stopped and kept: `spec.suspend: true`."""

    name: str


@dataclass(frozen=True, slots=True)
class Resume:
    """A suspended service runs again."""

    name: str


Request = Start | Update | Stop | Restart | Suspend | Resume


def verb_of(request: Request) -> str:
    """What is asked for, in one word such as `start`."""
    return type(request).__name__.lower()


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, and how. `key` (Idempotency-Key): the same one of the same caller is carried out once.

    `reason` is one line for the commit. `direct`: to the branch itself, where the operator's choice is a branch for a
    pull request; only for the role ADMIN.
    """

    caller: Caller
    reason: str = ""
    key: str = ""
    direct: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """A request, and who makes it."""

    request: Request
    asked: Asked


@dataclass(frozen=True, slots=True)
class Edit:
    """What a request comes to: the new text of one file (None: the file goes). `before` is None for a new one."""

    path: str
    before: str | None
    after: str | None

    @property
    def changes(self) -> bool:
        """Whether there is anything to commit."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Accepted:
    """A proposal that is in the repository: the commit, on which branch, in which file.

    `changed` is False where the repository said so already; `commit` is then its head. `replayed`: an earlier request
    with the same key made it. `review`: the branch is a new one, and the change waits for people to take it over.
    """

    service: str
    commit: str
    branch: str
    path: str
    subject: str
    changed: bool = True
    replayed: bool = False
    review: bool = False
