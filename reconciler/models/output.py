"""What a workload wrote, for people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Output:
    """Printable lines without secrets, and the byte at which the next reading goes on.

    `command`: what a person runs with their own rights, where the daemon has none to read it.
    """

    text: str = ""
    next: int = 0
    command: str = ""
