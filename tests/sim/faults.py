"""A door that fails: between the daemon and the simulated Slurm, with a fault or the daemon's death at any call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Protocol, TypeVar

from reconciler.errors import LookError, RefusedError, UncertainError, UnreachableError
from tests.sim.job import Job
from tests.sim.slurm import SimSlurm

T = TypeVar("T")


class Fault(Enum):
    """What can happen to one call. LATE: the request arrives after the caller has given up."""

    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    UNREACHED = "unreached"
    LOST = "answer lost"
    LATE = "late"
    REFUSED = "refused"
    FULL = "queue full"
    CUT = "look cut"
    BANNER = "banner in look"


class DeathError(BaseException):
    """The daemon is killed at this instruction."""


class Guard(Protocol):
    """Is told of each write before it is carried out."""

    def submits(self, options: Sequence[str]) -> None:
        """Before an sbatch."""
        ...

    def ends(self, job: Job) -> None:
        """Before a scancel."""
        ...

    def nudges(self, job: Job) -> None:
        """Before a request that ends nothing."""
        ...

    def changes(self, job: Job, words: Sequence[str]) -> None:
        """Before a scontrol."""
        ...


class FaultyDoor:
    """Implements Commands. One for each life of a daemon: after its death, not one call gets through.

    `faults` are those of the present turn, by the number of the call; `delay` is by how many seconds late requests are
    late. `counts` collects what happened; `writes` is the number of writes of the present turn, `broken` whether a
    look of it was damaged or not answered.
    """

    def __init__(self, slurm: SimSlurm, guard: Guard, counts: Counter[str]) -> None:
        self._slurm = slurm
        self._guard = guard
        self._counts = counts
        self._faults: Mapping[int, Fault] = {}
        self._delay = 0
        self._calls = 0
        self.dead = False
        self.writes = 0
        self.broken = False

    def begin(self, faults: Mapping[int, Fault], delay: int = 3) -> None:
        """A new turn with faults of its own."""
        self._faults, self._delay, self._calls = faults, delay, 0
        self.writes, self.broken = 0, False

    def squeue(self, arguments: Sequence[str]) -> str:
        return self._read("squeue", lambda: self._slurm.squeue(arguments))

    def reservations(self) -> str:
        return self._read("reservations", self._slurm.reservations)

    def sacct(self, arguments: Sequence[str]) -> str:
        return self._read("sacct", lambda: self._slurm.sacct(arguments))

    def sdiag(self) -> str:
        return self._read("sdiag", self._slurm.sdiag)

    def site(self) -> str:
        return self._slurm.site()

    def test_only(self, arguments: Sequence[str], script: str) -> str:
        return self._write("test_only", lambda: self._slurm.test_only(arguments, script))

    def sbatch(self, arguments: Sequence[str], script: str) -> str:
        self._guarded(lambda: self._guard.submits(arguments))
        return self._write("sbatch", lambda: self._slurm.sbatch(arguments, script))

    def scancel(self, arguments: Sequence[str]) -> None:
        nudge = "--signal=USR1" in arguments
        states = [word.partition("=")[2] for word in arguments if word.startswith("--state=")]

        def tell(job: Job) -> None:
            if nudge or (states and job.shown not in states):
                self._guard.nudges(job)
            else:
                self._guard.ends(job)

        self._guarded(lambda: self._each(arguments[-1:], tell))
        self._write("scancel", lambda: self._slurm.scancel(arguments))

    def scontrol(self, arguments: Sequence[str]) -> str:
        ids = [word.partition("=")[2] for word in arguments if word.startswith("JobId=")] or arguments[1:2]
        self._guarded(lambda: self._each(ids, lambda job: self._guard.changes(job, arguments)))
        return self._write("scontrol", lambda: self._slurm.scontrol(arguments))

    def _each(self, ids: Sequence[str], tell: Callable[[Job], None]) -> None:
        jobs = self._slurm.cluster.jobs
        for word in ids:
            if word.isdigit() and int(word) in jobs:
                tell(jobs[int(word)])

    def _guarded(self, tell: Callable[[], None]) -> None:
        if not self.dead:
            self.writes += 1
            tell()

    def _read(self, program: str, ask: Callable[[], str]) -> str:
        fault = self._due(program)
        if fault in (Fault.UNREACHED, Fault.LOST, Fault.LATE, Fault.REFUSED, Fault.FULL):
            self.broken |= program == "squeue"
            raise LookError(f"{program}: no answer in time")
        try:
            text = ask()
        except LookError:
            self.broken |= program == "squeue"
            raise
        if fault is Fault.KILLED_AFTER:
            raise self._death()
        if fault is Fault.CUT and len(text) > 1:
            self.broken |= program == "squeue"
            # Between two whole records a cut cannot be told from an end; squeue then ends with an error as well.
            cut = len(text) * (1 + self._delay % 7) // 8
            return text[: cut - 1] if text[cut - 1 : cut] == "\n" else text[:cut]
        if fault is Fault.BANNER:
            self.broken |= program == "squeue"
            return f"Welcome to the cluster\n{text}"
        return text

    def _write(self, program: str, do: Callable[[], T]) -> T:
        match self._due(program):
            case Fault.KILLED_AFTER:
                do()
                raise self._death()
            case Fault.UNREACHED | Fault.CUT | Fault.BANNER:
                raise UnreachableError(f"{program}: Unable to contact slurm controller (connect failure)")
            case Fault.LOST:
                do()
                raise UncertainError(f"{program}: no answer in time")
            case Fault.LATE:
                self._postpone(do)
                raise UncertainError(f"{program}: no answer in time")
            case Fault.REFUSED if program == "sbatch":
                raise RefusedError("sbatch: Batch job submission failed: Invalid account")
            case Fault.FULL | Fault.REFUSED:
                raise UnreachableError(f"{program}: Slurm temporarily unable to accept job")
            case Fault.KILLED_BEFORE | None:
                pass
        return do()

    def _postpone(self, do: Callable[[], object]) -> None:
        def arrive() -> None:
            try:
                do()
            except (RefusedError, UnreachableError):
                return  # nobody is there any more to hear it

        cluster = self._slurm.cluster
        cluster.postponed.append((cluster.now + self._delay, arrive))

    def _due(self, program: str) -> Fault | None:
        if self.dead:
            raise DeathError
        fault = self._faults.get(self._calls)
        self._calls += 1
        if fault is not None:
            self._counts[f"{program}: {fault.value}"] += 1
        if fault is Fault.KILLED_BEFORE:
            raise self._death()
        return fault

    def _death(self) -> DeathError:
        self.dead = True
        return DeathError()
