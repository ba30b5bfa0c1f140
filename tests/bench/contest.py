"""The contest of one platform and one size: the daemon and the bare client in turn, on the same emptied cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tests.bench.daemon import Quiet
from tests.bench.process import Memory
from tests.bench.race import Run, middle
from tests.bench.report import Table, goal, seconds

ROUNDS = 3
GOAL = 0.8


class Arena(Protocol):
    """A cluster on which both are timed; each leaves it as it found it."""

    def ours(self, count: int, tell: Callable[[Aftermath], None] | None) -> Run:
        """The daemon: from the commit until all is there. `tell` is told how it lives with them afterwards."""
        ...

    def bare(self, count: int) -> Run:
        """The bare client with the same requests."""
        ...


@dataclass(frozen=True)
class Aftermath:
    """How the daemon lives with its services when nothing changes. `spent` are the calls that deploying took."""

    memory: Memory
    quiet: Quiet
    commits: Quiet
    spent: int = 0


@dataclass
class Result:
    """Everything measured with one number of services."""

    count: int
    ours: list[Run] = field(default_factory=list)
    bare: list[Run] = field(default_factory=list)
    aftermath: list[Aftermath] = field(default_factory=list)


def hold(arena: Arena, count: int) -> Result:
    """They take turns at being first, so that neither always has the warmer or the more tired machine."""
    result = Result(count)
    for number in range(ROUNDS):
        last = number == ROUNDS - 1
        if number % 2:
            result.ours.append(arena.ours(count, None))
        result.bare.append(arena.bare(count))
        if not number % 2:
            result.ours.append(arena.ours(count, result.aftermath.append if last else None))
    return result


def table(title: str, results: Sequence[Result], notes: Sequence[str]) -> Table:
    """The two side by side. Ratios are rates: 100 % is as fast as the bare client."""
    columns = (
        "services",
        "commit to first",
        "commit to all",
        "bare",
        "ratio",
        "ratio after the first",
        "CPU",
        "bare CPU",
    )
    return Table(title, (*columns, f"goal {GOAL:.0%}"), [_row(result) for result in results], notes)


def _row(result: Result) -> tuple[str, ...]:
    ours, bare = middle(result.ours), middle(result.bare)
    ratio = bare.last / ours.last
    going = (bare.last - bare.first) / max(ours.last - ours.first, 1e-3)
    times = (seconds(ours.first), seconds(ours.last), seconds(bare.last))
    cpu = (seconds(ours.cpu), seconds(bare.cpu))
    return (f"{result.count:,}", *times, f"{ratio:.0%}", f"{going:.0%}", *cpu, goal(ratio, GOAL, at_least=True))
