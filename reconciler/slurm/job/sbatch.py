"""A service as a batch job: the arguments of `sbatch` and the script on its standard input. Pure.

What all replicas share (a template) is rendered once and hashed into the digest; a submission adds what differs
between replicas and attempts: the mark, the name, the delay and the dependency (sbatch(1)).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from reconciler.errors import RefusedError
from reconciler.models.recipe import Recipe
from reconciler.models.units import quantity_bytes
from reconciler.models.wanted import Rendered, ResolvedService
from reconciler.models.workload import Mark, Workload
from reconciler.settings import SlurmTarget
from reconciler.slurm import mark as marks
from reconciler.slurm.job.script import SUPERVISOR, drain, own_part
from reconciler.slurm.job.shell import quote

# Slurm may send the signal of --signal up to this much earlier than asked for, at most so many seconds before the
# limit (sbatch(1)).
_EARLY = timedelta(seconds=60)
_LONGEST = 65535


@dataclass(frozen=True, slots=True)
class Submission:
    """One call of sbatch: each option is one argument, the script is its standard input."""

    options: tuple[str, ...]
    script: str


@dataclass(frozen=True, slots=True)
class Template:
    """What all replicas of a service share. `stateful`: two of one replica must never run at once.

    `options` decide what runs. `queue` are those that can be changed on a job that waits, and are no part of the
    digest: partition and QOS, of which `place` is the hash, and the time limit, in seconds (0: the site's own).
    `own` is the service's part of the script; the supervisor before it is the same for all, and kept once.
    """

    options: tuple[str, ...]
    queue: tuple[str, ...]
    own: str
    stateful: bool
    place: str
    limit: int

    @property
    def body(self) -> str:
        """The script but for its head."""
        return f"{SUPERVISOR}\n{self.own}"

    @property
    def rendered(self) -> Rendered:
        """The digest over everything that decides what runs, and the whole as text for people."""
        digest = _digest("\n".join([*self.options, self.body]), 16)
        return Rendered(
            digest, lambda: "\n".join([*(f"# sbatch {option}" for option in self.all), self.body]), self.place
        )

    @property
    def all(self) -> tuple[str, ...]:
        """The options of every replica."""
        return (*self.options, *self.queue)

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
        head = f"#!/bin/bash\n:\njob_mark={quote(comment)}\njob_replica={mark.replica}\njob_limit={self.limit}\n"
        return Submission((*self.all, *options), head + self.body)

    def trial(self) -> Submission:
        """One more replica, only to ask when it would start."""
        return Submission(self.all, "#!/bin/bash\n:\n")


def template(service: ResolvedService, target: SlurmTarget) -> Template:
    """Render a service for a target. Raises RefusedError when it cannot run there."""
    slurm = service.slurm
    return Template(
        options=(*_fixed(target), *_asked(service)),
        queue=tuple(_queue(service)),
        own=own_part(service, target),
        stateful=service.recipe.spec.stateful,
        place=place(slurm.partition, slurm.qos),
        limit=_minutes(slurm.time) * 60 if slurm.time else 0,
    )


def place(partition: str | None, qos: str | None) -> str:
    """The hash of where a job waits, "" for the site's own; of each apart, so that one can see which was set."""
    parts = [_digest(word, 8) if word else "" for word in (partition, qos)]
    return ".".join(parts) if any(parts) else ""


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]


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
    # What ends by itself is never requeued by Slurm, but started again by the plan, with a backoff and a new mark.
    yield "--requeue" if target.requeue else "--no-requeue"
    yield "--open-mode=append"  # the log of the run before a requeue stays
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
    named = {"account": slurm.account, "reservation": slurm.reservation, "constraint": slurm.constraint}
    yield from _given(named)


def _queue(service: ResolvedService) -> Iterator[str]:
    """Where it waits, and for how long it may run."""
    slurm = service.slurm
    yield from _given({"partition": slurm.partition, "qos": slurm.qos})
    if slurm.time is not None:
        yield from _time(slurm.time, service.recipe)


def _given(named: Mapping[str, str | None]) -> Iterator[str]:
    yield from (f"--{option}={value}" for option, value in named.items() if value is not None)


def _time(limit: timedelta, recipe: Recipe) -> Iterator[str]:
    """The limit, and a signal to the script alone when it is near, for limits that somebody lowers while it runs.

    A limit so short that the signal could come at once has none: the supervisor keeps the limit by itself (report.sh).
    """
    yield f"--time={_minutes(limit)}"
    grace = recipe.spec.stop.grace
    if limit > 2 * (grace + _EARLY):
        notice = math.ceil(grace.total_seconds()) + drain(recipe) + 5
        yield f"--signal=B:USR1@{min(notice, _LONGEST)}"


def _minutes(limit: timedelta) -> int:
    """A time limit as Slurm keeps it: rounded up to minutes."""
    return math.ceil(limit / timedelta(minutes=1))
