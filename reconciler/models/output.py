"""What a workload wrote, for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.models.workload import Phase


@dataclass(frozen=True, slots=True)
class Question:
    """Which output is asked for: of one replica (None: all), of what ended before (`previous`), to be followed.

    `starts` are places from which on it is read, by the id of what writes; from the others come the last `lines` lines.
    """

    lines: int = 100
    replica: int | None = None
    previous: bool = False
    follow: bool = False
    starts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Output:
    """Printable lines without secrets, and the place at which the next reading goes on.

    `command`: what a person runs with their own rights, where the daemon has none to read it. `error`: why it could not
    be read. `id`, `replica` and `phase` are those of a part of a workload (a container of a pod); the workload's own
    where they are not given.
    """

    text: str = ""
    next: int = 0
    command: str = ""
    error: str = ""
    id: str = ""
    replica: int | None = None
    phase: Phase | None = None
