"""What the observer still knows of the last complete look. Lost with the daemon, and needed for no decision.

It mends two things. A job whose comment was damaged by hand is still known as ours by its id, its name and its time of
submission. And a job that lived at the last look and is not shown any more has ended: squeue forgets ended jobs after
a while (slurm.conf(5), MinJobAge), and a controller that lost its state forgets all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.models.workload import Workload
from reconciler.slurm import mark as marks
from reconciler.slurm.look.endings import FORGOTTEN
from reconciler.slurm.look.jobs import Job, is_alive
from reconciler.slurm.look.squeue import Record
from reconciler.slurm.look.workloads import Frame, workload
from reconciler.slurm.mark import Stamp

# Seconds after which an ended job that nothing follows is of no interest any more.
_KEPT = 86_400


class Memory:
    """For one target; used by one thread."""

    def __init__(self) -> None:
        self._known: dict[str, Job] = {}
        self._ended: dict[tuple[str, int], Job] = {}

    def stamp(self, record: Record) -> Stamp | None:
        """The stamp of a job whose comment was damaged; None when it is not known as ours.

        Nor when it bears the mark of somebody else: that is no damage.
        """
        known = self._known.get(record.id)
        if known is None or not known.is_same(record):
            return None
        other = marks.read(record.comment)
        return None if other and other.mark.owner != known.stamp.mark.owner else known.stamp

    def missing(self, records: Iterable[Record]) -> list[Job]:
        """Jobs that lived at the last look and are not among these."""
        shown = {record.id: record for record in records}
        return [
            known
            for known in self._known.values()
            if is_alive(known.record) and ((record := shown.get(known.record.id)) is None or not known.is_same(record))
        ]

    def keep(self, jobs: Iterable[Job], ended: Iterable[Job]) -> None:
        """Take in a complete look: all jobs of ours that are shown, and those that are known to have ended unseen."""
        for known in sorted(ended, key=lambda job: job.order):
            self._ended[known.replica] = known
        self._known = {}
        for known in jobs:
            if is_alive(known.record) or not known.marked:
                self._known[known.record.id] = known
            before = self._ended.get(known.replica)
            if before and known.order >= before.order:
                del self._ended[known.replica]

    def ended(self, frame: Frame) -> Iterator[Workload]:
        """The jobs that ended unseen and are the youngest of their replica still."""
        self._ended = {replica: known for replica, known in self._ended.items() if frame.age(known.record.end) < _KEPT}
        return (workload(frame, known) for known in self._ended.values())


def as_ended(known: Job, past: Iterable[Record], now: int) -> Job:
    """The end of a job that is not shown any more, from the accounting if it is there. `now`: when it was missed."""
    for record in past:
        if known.is_same(record) and not is_alive(record):
            return _from_accounting(known, record)
    return Job(known.record._replace(state=FORGOTTEN, why="None", end=now), known.stamp)


def _from_accounting(known: Job, past: Record) -> Job:
    """What the job said of itself last is what we saw last."""
    return Job(past._replace(comment=known.record.comment, limit=known.record.limit), known.stamp)
