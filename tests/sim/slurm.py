"""The commands of the simulated Slurm: the door `reconciler.slurm.door.commands.Commands` over a Cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from reconciler.errors import LookError, UnreachableError
from reconciler.slurm import mark as marks
from reconciler.slurm.door.refusals import refusal
from tests.sim import control, printing
from tests.sim.arguments import minutes, read_request
from tests.sim.cluster import Cluster
from tests.sim.errors import SlurmError
from tests.sim.job import Job

_UNREACHABLE = "Unable to contact slurm controller (connect failure)"


class SimSlurm:
    """Implements Commands. What it submits counts as ours.

    `accounting`: sacct answers. `edition` changes when what the site allows has changed.
    """

    def __init__(self, cluster: Cluster, *, accounting: bool = False) -> None:
        self.cluster = cluster
        self.accounting = accounting
        self.edition = 0

    def squeue(self, arguments: Sequence[str]) -> str:
        self._check_look("squeue")
        options = _options(arguments)
        jobs = list(self.cluster.jobs.values())
        if "jobs" in options:
            wanted = set(options["jobs"].split(","))
            jobs = [job for job in jobs if str(job.id) in wanted]
        return printing.squeue(jobs, options["format"], header="noheader" not in options)

    def sbatch(self, arguments: Sequence[str], script: str) -> str:
        with self._answers("sbatch"):
            job = control.submit(self.cluster, read_request(arguments, script))
            stamp = marks.read(job.comment)
            job.ours, job.mark = True, stamp.mark if stamp else None
            return str(job.id)

    def test_only(self, arguments: Sequence[str], script: str) -> str:
        with self._answers("sbatch"):
            read_request(arguments, script)
            self.cluster.last_id += 1
            return (
                f"sbatch: Job {self.cluster.last_id} to start at {self.cluster.now} using 1 processors on nodes n1 "
                "in partition main\n"
            )

    def scancel(self, arguments: Sequence[str]) -> None:
        options = _options(arguments)
        for word in arguments:
            if not word.startswith("-"):
                with self._answers("scancel"):
                    self._scancel(int(word), options.get("signal"), options.get("state"))

    def _scancel(self, number: int, name: str | None, state: str | None) -> None:
        job = self.cluster.jobs.get(number)
        if state is not None and (job is None or job.shown != state):
            return
        if name is not None:
            control.signal(self.cluster, control.find(self.cluster, number), name)
        elif job is not None:  # an unknown id is no error
            control.cancel(self.cluster, job)

    def scontrol(self, arguments: Sequence[str]) -> str:
        with self._answers("scontrol"):
            match arguments:
                case ["update", *words]:
                    self._update(dict(_pair(word) for word in words))
                case [("hold" | "release" | "requeue") as verb, number]:
                    self._verb(verb, control.find(self.cluster, int(number)))
                case ["show", *_]:
                    return ""
                case _:
                    raise SlurmError(f"invalid entity:{' '.join(arguments)}")
        return ""

    def _verb(self, verb: str, job: Job) -> None:
        match verb:
            case "hold":
                control.hold(job)
            case "release":
                control.release(job)
            case _:
                control.requeue(self.cluster, job)

    def _update(self, words: dict[str, str]) -> None:
        job = control.find(self.cluster, int(words.pop("jobid")))
        for key, value in words.items():
            match key:
                case "comment":
                    control.set_comment(job, value)
                case "timelimit":
                    control.set_limit(job, minutes(value) or 525_600)
                case "partition":
                    control.set_partition(self.cluster, job, value)
                case "starttime":
                    control.set_begin(job, self.cluster.now)
                case "qos":
                    raise SlurmError("Invalid qos specification")
                case _:
                    raise SlurmError(f"Update of this parameter is not supported: {key}")

    def reservations(self) -> str:
        self._check_look("scontrol")
        return "No reservations in the system\n"

    def sacct(self, arguments: Sequence[str]) -> str:
        if not self.accounting:
            raise LookError("sacct ended with 1: Slurm accounting storage is disabled")
        options = _options(arguments)
        jobs = list(self.cluster.archive)
        if "jobs" in options:
            wanted = set(options["jobs"].split(","))
            jobs = [job for job in jobs if str(job.id) in wanted]
        return printing.sacct(jobs, options["format"], options.get("delimiter", "|"))

    def sdiag(self) -> str:
        self._check_look("sdiag")
        now = datetime.fromtimestamp(self.cluster.now, UTC)
        return f"{'*' * 55}\nsdiag output at {now:%a %b %d %H:%M:%S %Y} ({self.cluster.now})\n"

    def site(self) -> str:
        return f"{' '.join(self.cluster.site.partitions)} {self.edition}" if self.cluster.up else ""

    def _check_look(self, program: str) -> None:
        if not self.cluster.up:
            raise LookError(f"{program} ended with 1: {_UNREACHABLE}")
        self.cluster.settle()

    @contextmanager
    def _answers(self, program: str) -> Iterator[None]:
        """slurmctld has to be there; what it refuses becomes the error that its words mean."""
        if not self.cluster.up:
            raise UnreachableError(f"{program}: {_UNREACHABLE}")
        try:
            yield
        except SlurmError as error:
            raise refusal(program, f"{program}: error: {error}\n") from error


def _options(arguments: Sequence[str]) -> dict[str, str]:
    pairs = (word.removeprefix("--").partition("=") for word in arguments if word.startswith("--"))
    return {name: value for name, _, value in pairs}


def _pair(word: str) -> tuple[str, str]:
    key, _, value = word.partition("=")
    return key.lower(), value
