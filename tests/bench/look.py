"""One look at Slurm next to a bare `squeue` that asks for the same fields, with jobs that stay pending."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from lab import host
from lab.lab import Lab
from reconciler.settings import LocalTransport
from reconciler.slurm import SlurmCommands, SlurmObserver
from reconciler.slurm.look import squeue
from tests.bench.report import Table, goal, short

_RUNS = 15
_GOAL = 1.2
_TOKEN = "0123456789"


@dataclass(frozen=True)
class Looks:
    """Seconds of a bare squeue, of ours, and of a whole look with its reading; bytes of both answers."""

    count: int
    bare: float
    ours: float
    whole: float
    bare_bytes: int
    our_bytes: int


def measure(lab: Lab, owner: str, count: int) -> Looks:
    """Medians of several runs in turn, on the jobs that are there. All of them run as the lab's user."""
    ours, bare = squeue.arguments(_TOKEN), ["--me", "--all", "--states=all", f"--format={_bare_format()}"]
    times: dict[str, list[float]] = {"ours": [], "bare": [], "whole": []}
    commands = SlurmCommands(LocalTransport(bin=lab.slurm.bin, conf=lab.slurm.conf), 60)
    observer = SlurmObserver("slurm", owner, commands)
    for _ in range(_RUNS):
        for name, options in (("ours", ours), ("bare", bare)):
            began = time.monotonic()
            _squeue(lab, options)
            times[name].append(time.monotonic() - began)
        began = time.monotonic()
        seen = observer.look()
        times["whole"].append(time.monotonic() - began)
        if len(seen.workloads) != count:
            raise RuntimeError(f"{len(seen.workloads)} jobs are seen, not {count}; {seen.why}")
    middle = {name: median(values) for name, values in times.items()}
    sizes = len(_squeue(lab, bare)), len(_squeue(lab, ours))
    return Looks(count, middle["bare"], middle["ours"], middle["whole"], *sizes)


def table(looks: Sequence[Looks]) -> Table:
    """A row for each number of jobs."""
    columns = (
        "jobs",
        "bare",
        "ours",
        "ratio",
        f"goal {_GOAL}",
        "with reading",
        "bare",
        "ours",
        "ratio",
        f"goal {_GOAL}",
    )
    notes = (
        f"Medians of {_RUNS} runs in turn. bare: `squeue -o` of the same ten fields with one character between them.",
        "with reading: the whole look of the daemon, from the token to frozen values.",
    )
    return Table("Slurm: one look", columns, [_row(one) for one in looks], notes)


def _row(one: Looks) -> tuple[str, ...]:
    time_ratio, size_ratio = one.ours / one.bare, one.our_bytes / one.bare_bytes
    return (
        f"{one.count:,}",
        short(one.bare),
        short(one.ours),
        f"{time_ratio:.2f}",
        goal(time_ratio, _GOAL, at_least=False),
        short(one.whole),
        f"{one.bare_bytes / 1000:,.0f} kB",
        f"{one.our_bytes / 1000:,.0f} kB",
        f"{size_ratio:.2f}",
        goal(size_ratio, _GOAL, at_least=False),
    )


def _bare_format() -> str:
    """The same fields as in a look, as anybody would ask for them."""
    (form,) = [word for word in squeue.arguments(_TOKEN) if word.startswith("--format=")]
    fields = form.removeprefix("--format=").replace(_TOKEN, "|").strip("|\x1e")
    return fields.replace("\x1f", "|").replace("||", "|")


def _squeue(lab: Lab, options: Sequence[str]) -> bytes:
    argv = lab.as_user([host.program("squeue"), *options])
    environment = {
        "PATH": os.environ["PATH"],
        "SLURM_CONF": str(lab.slurm.conf),
        "SLURM_TIME_FORMAT": "%s",
        "TZ": "UTC",
    }
    return subprocess.run(argv, env=environment, capture_output=True, check=True).stdout
