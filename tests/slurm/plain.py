"""A plain Slurm of texts, with clocks that a test sets, and an observer that looks at it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from reconciler.errors import LookError
from reconciler.models.workload import Observed, Workload
from reconciler.slurm import SlurmObserver
from reconciler.slurm.look.clock import Clock
from reconciler.slurm.look.squeue import Record
from reconciler.slurm.mark import write
from tests.slurm.services import OWNER, mark
from tests.slurm.texts import RUNNING, TOKEN, printed

MARK = write(mark("web"))
OURS = RUNNING._replace(start=10_000, end=20_000, submit=9_900, comment=f"{MARK} n=a p=http:1 t=10000 h=ok u=10005")
WAITING = OURS._replace(state="PENDING", why="ReqNodeNotAvail, Reserved for maintenance", comment=MARK, start=None)
NO_ACCOUNTING = "sacct ended with 1: Slurm accounting storage is disabled"


@dataclass
class Texts:
    """Slurm as texts. `wall` and `monotonic` are this machine's clocks; `ahead` is how far the controller's is ahead.

    `past` are lines of sacct, or the words with which it fails. `asked` counts what was asked.
    """

    jobs: list[Record] = field(default_factory=list)
    past: list[str] | str = NO_ACCOUNTING
    closing: str = ""
    wall: float = 10_100.0
    monotonic: float = 50.0
    ahead: int = 0
    tells: bool = True
    step: float = 0.0
    asked: dict[str, int] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)

    def squeue(self, arguments: Sequence[str]) -> str:
        token = arguments[-1].split("%j")[1].split("%k")[0]
        self.tokens.append(token)
        self.wall += self.step
        return printed(*self.jobs).replace(TOKEN, token)

    def sacct(self, arguments: Sequence[str]) -> str:
        self._count("sacct")
        if isinstance(self.past, str):
            raise LookError(self.past)
        token = next(word for word in arguments if word.startswith("--delimiter=")).partition("=")[2]
        return "".join(f"{one}\n" for one in self.past).replace(TOKEN, token)

    def sdiag(self) -> str:
        self._count("sdiag")
        if not self.tells:
            raise LookError("sdiag: no answer in time")
        return f"***\nsdiag output at Tue Nov 24 10:17:18 2026 ({int(self.wall) + self.ahead:010})\nData since …\n"

    def reservations(self) -> str:
        self._count("reservations")
        return self.closing

    def sbatch(self, arguments: Sequence[str], script: str) -> str:
        raise AssertionError(arguments, script)

    def test_only(self, arguments: Sequence[str], script: str) -> str:
        raise AssertionError(arguments, script)

    def scancel(self, arguments: Sequence[str]) -> None:
        raise AssertionError(arguments)

    def scontrol(self, arguments: Sequence[str]) -> str:
        raise AssertionError(arguments)

    def site(self) -> str:
        raise AssertionError

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds

    def _count(self, what: str) -> None:
        self.asked[what] = self.asked.get(what, 0) + 1


def new_observer(slurm: Texts, logs: Path | None = None) -> SlurmObserver:
    clock = Clock(lambda: datetime.fromtimestamp(slurm.wall, UTC), lambda: slurm.monotonic)
    return SlurmObserver("slurm", OWNER, slurm, logs, clock)


def whole(observer: SlurmObserver) -> Observed:
    seen = observer.look()
    assert seen.complete, seen.why
    return seen


def only(observer: SlurmObserver) -> Workload:
    (seen,) = whole(observer).workloads
    return seen


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
