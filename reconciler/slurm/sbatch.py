"""A service as a batch job: the arguments of `sbatch` and the script on its standard input. Pure.

What all replicas share (a template) is rendered once and hashed into the digest; a submission adds what differs
between replicas and attempts: the mark, the name, the delay and the dependency (sbatch(1)).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from reconciler.errors import RefusedError
from reconciler.models.units import quantity_bytes
from reconciler.models.wanted import Rendered, ResolvedService
from reconciler.models.workload import Mark, Workload
from reconciler.settings import SlurmTarget
from reconciler.slurm import mark as marks
from reconciler.slurm.script import SUPERVISOR, own_part
from reconciler.slurm.shell import quote

# Slurm may send the signal of --signal up to this much earlier than asked for (sbatch(1)).
_EARLY = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Submission:
    """One call of sbatch: each option is one argument, the script is its standard input."""

    options: tuple[str, ...]
    script: str


@dataclass(frozen=True, slots=True)
class Template:
    """What all replicas of a service share. `stateful`: two of one replica must never run at once.

    `own` is the service's part of the script; the supervisor before it is the same for all, and kept once.
    """

    options: tuple[str, ...]
    own: str
    stateful: bool

    @property
    def body(self) -> str:
        """The script but for its head."""
        return f"{SUPERVISOR}\n{self.own}"

    @property
    def rendered(self) -> Rendered:
        """The digest over everything that decides what runs, and the whole as text for people."""
        text = "\n".join([*(f"# sbatch {option}" for option in self.options), self.body])
        return Rendered(hashlib.sha256(text.encode()).hexdigest()[:16], lambda: text)

    def submission(self, mark: Mark, delay: float, after: tuple[Workload, ...]) -> Submission:
        """One replica under `mark`, not before `delay` seconds from now; a stateful one not beside those of `after`."""
        comment = marks.write(mark)
        options = [f"--job-name={marks.job_name(mark.service, mark.replica)}", f"--comment={comment}"]
        if delay > 0:
            options.append(f"--begin=now+{math.ceil(delay)}")
        if self.stateful:
            # singleton: one job of this name at a time; afterany: also not before the old ones, whatever their names.
            jobs = [f"afterany:{workload.id}" for workload in after]
            options.append(f"--dependency={','.join([*jobs, 'singleton'])}")
        # The command `:` ends the part in which sbatch looks for #SBATCH lines, before any text of the repository.
        head = f"#!/bin/bash\n:\njob_mark={quote(comment)}\njob_replica={mark.replica}\n"
        return Submission((*self.options, *options), head + self.body)


def template(service: ResolvedService, target: SlurmTarget) -> Template:
    """Render a service for a target. Raises RefusedError when it cannot run there."""
    return Template((*_fixed(target), *_asked(service)), own_part(service, target), service.recipe.spec.stateful)


def _fixed(target: SlurmTarget) -> Iterator[str]:
    """The same for every job. The pattern of --output is made of our own job names: labels, never foreign text."""
    logs = str(target.folders.logs)
    if "\\" in logs:
        raise RefusedError(f"folders.logs: {logs} has a backslash, which turns off the names of Slurm's output files")
    yield "--parsable"
    yield "--ignore-pbs"
    # ALL of an environment that `commands` made of a few harmless variables. An explicit list, or NONE, would make
    # Slurm start a login shell on the node to get the user's environment (--get-user-env), which is slow and may fail.
    yield "--export=ALL"
    # A job that ended is started again by the plan, with a backoff and a new mark. Requeued by Slurm, it would come
    # back with the report of its former run in its comment, and be held for good after a few times.
    yield "--no-requeue"
    yield "--chdir=/"
    yield f"--output={logs.replace('%', '%%')}/%x-%j.out"


def _asked(service: ResolvedService) -> Iterator[str]:
    """What the service asks for; Slurm's own defaults hold for the rest."""
    resources, slurm = service.resources, service.slurm
    yield f"--nodes={service.service.spec.nodes}"
    yield "--ntasks-per-node=1"
    if resources.cpus:
        yield f"--cpus-per-task={math.ceil(resources.cpus)}"
    if resources.memory:
        yield f"--mem={math.ceil(quantity_bytes(resources.memory) / 2**20)}M"
    if resources.gpus:
        yield (
            f"--gres=gpu:{resources.gpu_type}:{resources.gpus}"
            if resources.gpu_type
            else f"--gres=gpu:{resources.gpus}"
        )
    for option in ("partition", "account", "qos", "reservation", "constraint"):
        value = getattr(slurm, option)
        if value is not None:
            yield f"--{option}={value}"
    if slurm.time is not None:
        yield from _time(slurm.time, service.recipe.spec.stop.grace)


def _time(limit: timedelta, grace: timedelta) -> Iterator[str]:
    """The limit, and a signal to the script alone, early enough for the service to stop by itself before the limit."""
    minutes, seconds = divmod(math.ceil(limit.total_seconds()), 60)
    yield f"--time={minutes}:{seconds:02}"
    if limit > 2 * (grace + _EARLY):
        yield f"--signal=B:USR1@{math.ceil(grace.total_seconds())}"
