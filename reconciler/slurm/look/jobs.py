"""Which records of squeue or sacct are jobs of ours, and which stand in their way. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reconciler.models.workload import Conflict, Phase
from reconciler.slurm import mark as marks
from reconciler.slurm.look.squeue import Record
from reconciler.slurm.look.states import verdict
from reconciler.slurm.mark import Stamp

_JOB_ID = re.compile(r"\d{1,10}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Job:
    """A job of ours. `marked` is False when its stamp is not in its comment, and known from an earlier look only."""

    record: Record
    stamp: Stamp
    marked: bool = True

    def is_same(self, record: Record) -> bool:
        """Whether it is this job: Slurm uses an id again when its numbers are through or its state was lost."""
        mine = self.record
        return (mine.id, mine.name, mine.submit) == (record.id, record.name, record.submit)

    @property
    def replica(self) -> tuple[str, int]:
        """The service and the number that it is."""
        return self.stamp.mark.service, self.stamp.mark.replica

    @property
    def order(self) -> tuple[int, int, int]:
        """Grows with each job of a replica."""
        return self.record.submit or 0, self.stamp.mark.generation, self.stamp.mark.attempt


def sort(
    records: Iterable[Record], owner: str, remembered: Callable[[Record], Stamp | None] = lambda _: None
) -> tuple[list[Job], list[Conflict]]:
    """Our jobs, and the others that have the name of a service. `remembered` knows stamps that were damaged since."""
    jobs: list[Job] = []
    conflicts: list[Conflict] = []
    for record in records:
        stamp = stamp_of(record, owner)
        if stamp:
            jobs.append(Job(record, stamp))
        elif known := remembered(record):
            jobs.append(Job(record, known, marked=False))
        elif found := conflict(record, owner):
            conflicts.append(found)
    return jobs, conflicts


def stamp_of(record: Record, owner: str) -> Stamp | None:
    """The stamp when the job is ours: our owner, and the name that goes with the mark (a copied comment is not)."""
    stamp = marks.read(record.comment)
    if stamp is None or stamp.mark.owner != owner or not _JOB_ID.fullmatch(record.id):
        return None
    return stamp if record.name == marks.job_name(stamp.mark.service, stamp.mark.replica) else None


def is_alive(record: Record) -> bool:
    """Whether the job may still run, or run again."""
    return verdict(record.state, record.why, None).phase is not Phase.ENDED


def conflict(record: Record, owner: str) -> Conflict | None:
    """A job that may still run, has the name of a service, and is not ours.

    Its replica is given where it may be ours after all: nobody else's mark is on it, and we start no job arrays.
    """
    named = marks.replica_of(record.name)
    if named is None or not is_alive(record):
        return None
    service, replica = named
    stamp = marks.read(record.comment)
    what = f"job {record.id} has the name {record.name} and"
    if stamp and stamp.mark.owner != owner:
        return Conflict(service, f"{what} bears the mark of {stamp.mark.owner}; `scancel {record.id}` ends it")
    if not _JOB_ID.fullmatch(record.id):
        return Conflict(service, f"{what} does not bear our mark; `scancel {record.id}` ends it")
    mend = f"`scontrol update JobId={record.id} Comment=…` with its mark keeps it, `scancel {record.id}` ends it"
    return Conflict(service, f"{what} does not bear our mark; {mend}", replica)
