"""Slurm: jobs that stay pending (the partition is down), so that only the way into the queue is measured."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lab import host
from lab.factory import Factory
from lab.lab import Lab
from lab.runtime import runtime_python
from tests.bench import contest, look
from tests.bench.contest import Aftermath, Result
from tests.bench.daemon import be_quiet, deploy, pid_of, running, settle
from tests.bench.process import memory
from tests.bench.race import Run, run_bare
from tests.bench.report import Table, goal
from tests.bench.wanted import resolve, settings_of, submissions
from tests.bench.workload import files

_OWNER = "bench"
_TARGET = "slurm"
_QUIET = 12.0
_LEAST = 1.2
_RPC = re.compile(r"(REQUEST_\w+)\s*\(\s*\d+\)\s+count:(\d+)")
_SUBMITTED = re.compile(r"Jobs submitted:\s*(\d+)")
_LOOKS = {"REQUEST_JOB_INFO", "REQUEST_JOB_USER_INFO"}


def measure(counts: Sequence[int]) -> tuple[Table, ...]:
    """The contest, and the daemon when nothing changes."""
    with Lab.start(slurm=True, kubernetes="none") as lab:
        lab.wait("slurm", 120)
        arena = SlurmArena(lab)
        results = [contest.hold(arena, count) for count in counts]
        looks = look.table(arena.looks)
    notes = (
        "Pending jobs (their partition is down), 8 submits at a time in both, counted by slurmctld (sdiag).",
        "bare: eight threads that start sbatch with the same options and scripts, rendered before.",
    )
    return contest.table("Slurm: from the commit to the queue", results, notes), _quiet_table(results), looks


class SlurmArena:
    """A lab's Slurm with its partition down."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._environment = {"PATH": os.environ["PATH"], "SLURM_CONF": str(lab.slurm.conf), "LANG": "C.UTF-8"}
        self._sdiag = host.program("sdiag")
        self.looks: list[look.Looks] = []
        self._empty()

    def ours(self, count: int, tell: Callable[[Aftermath], None] | None) -> Run:
        """See `contest.Arena`."""
        with running(self._lab, _OWNER, _targets if tell else _patient) as factory:
            time.sleep(_LEAST)
            run = deploy(factory, files(count, _TARGET, replicas=1), self._submitted, count)
            self._check(count)
            if tell is not None:
                settle(factory, _TARGET, count)
                quiet = be_quiet(factory, _TARGET, self._calls, _QUIET)
                commits = be_quiet(factory, _TARGET, self._calls, _QUIET, commits=6)
                tell(Aftermath(memory(pid_of(factory)), quiet, commits))
                self.looks.append(look.measure(self._lab, _OWNER, count))
        self._empty()
        return run

    def bare(self, count: int) -> Run:
        """See `contest.Arena`."""
        factory = Factory(self._lab, "bench-bare", owner=_OWNER)
        settings = settings_of(factory.configure(slurm=False, targets=_targets(factory)))
        jobs = submissions(resolve(files(count, _TARGET, replicas=1), settings), settings.targets[_TARGET], _OWNER)
        program, words = factory.folder / "bare_sbatch.py", factory.folder / "jobs.json"
        factory.put(program, (Path(__file__).parent / "bare_sbatch.py").read_text())
        factory.put(words, jobs)
        python, _ = runtime_python(self._lab.user)
        argv = self._lab.as_user([python, str(program), str(words)])
        run = run_bare(argv, self._environment | {"HOME": str(factory.folder)}, self._submitted, count)
        self._check(count)
        self._empty()
        return run

    def _submitted(self) -> int:
        found = _SUBMITTED.search(self._statistics())
        return int(found[1]) if found else 0

    def _calls(self) -> dict[str, int]:
        return {name: int(number) for name, number in _RPC.findall(self._statistics())}

    def _statistics(self) -> str:
        done = subprocess.run([self._sdiag], env=self._environment, capture_output=True, text=True, check=True)
        return done.stdout

    def _check(self, count: int) -> None:
        """What slurmctld counted is really in the queue."""
        jobs = self._lab.slurm.command("squeue", "--noheader", "--states=PENDING", "--format=%i").split()
        if len(jobs) != count:
            raise RuntimeError(f"{len(jobs)} jobs are pending, not {count}")

    def _empty(self) -> None:
        """Forget all jobs and all counts; no node takes a job."""
        slurm = self._lab.slurm
        slurm.stop_controller()
        slurm.start_controller(fresh=True)
        slurm.command("scontrol", "update", f"PartitionName={slurm.partitions[0]}", "State=DOWN")


def _targets(factory: Factory) -> dict[str, Any]:
    return {_TARGET: factory.slurm_target()}


def _patient(factory: Factory) -> dict[str, Any]:
    """With so long a tick that a commit is not kept waiting for the least interval between two looks."""
    return {_TARGET: factory.slurm_target() | {"tick": "20s"}}


def _quiet_table(results: Sequence[Result]) -> Table:
    columns = (
        "services",
        "turns",
        "CPU a turn",
        "squeue a turn",
        "its other requests",
        "CPU an empty commit",
        "memory",
        "peak",
    )
    notes = (
        "Nothing changes: a tick each second for 12 s; then the same with six commits that change nothing.",
        "squeue itself also asks for the partitions and the federation.",
    )
    rows = [_quiet_row(result.count, one) for result in results for one in result.aftermath]
    return Table("Slurm: a turn in which nothing changed", (*columns, "goal 1 squeue"), rows, notes)


def _quiet_row(count: int, one: Aftermath) -> tuple[str, ...]:
    quiet, commits = one.quiet, one.commits
    looks = sum(number for name, number in quiet.calls.items() if name in _LOOKS) / max(quiet.turns, 1)
    rest = sum(number for name, number in quiet.calls.items() if name not in {*_LOOKS, *_BACKGROUND})
    other = rest / max(quiet.turns, 1)
    turn = quiet.cpu / max(quiet.turns, 1)
    extra = (commits.cpu - turn * (commits.turns - 6)) / 6
    cells = (
        f"{count:,}",
        str(quiet.turns),
        f"{turn * 1000:.0f} ms",
        f"{looks:.2f}",
        f"{other:.2f}",
        f"{extra * 1000:.0f} ms",
    )
    return (*cells, f"{one.memory.now:.0f} MiB", f"{one.memory.peak:.0f} MiB", goal(round(looks, 1), 1, at_least=False))


#: Requests of this bench itself, and of the nodes.
_BACKGROUND = frozenset({"REQUEST_STATS_INFO", "REQUEST_PING", "REQUEST_NODE_REGISTRATION_STATUS"})
