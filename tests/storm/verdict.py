"""Whether each cancel of the daemon was allowed, from what Git, the queue and the jobs themselves said then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.slurm.mark import Stage, replica_of
from tests.storm.desk import Book
from tests.storm.record import LATE, Life, Record

#: Seconds within which the daemon may still act on what was true: a turn with slow commands.
_TURN = 20.0
#: The signal after a changed mark: the job writes its report behind it.
_ASKED = "--signal=USR1"
_UNWELL = (Stage.BAD, Stage.LATE, Stage.STOPPING, Stage.EXPIRING)
_STUCK = ("JobHoldMaxRequeue", "launch failed", "launch_failed", "DependencyNeverSatisfied")


@dataclass(frozen=True)
class Cancelled:
    """A job that the daemon has ended, when, and why it was allowed to ("": it was not)."""

    job: str
    name: str
    at: float
    reason: str


def cancels(calls: Iterable[tuple[float, str]], book: Book, record: Record) -> list[Cancelled]:
    """One for each job that scancel was asked to end, by `calls` (when, with which words)."""
    found: dict[int, Cancelled] = {}
    unknown = []
    for at, words in calls:
        if _ASKED in words:
            continue
        job = words.split()[-1]
        life = record.life_of(job, at)
        if life is None:
            unknown.append(Cancelled(job, "?", at, ""))
        elif id(life) not in found:
            found[id(life)] = Cancelled(job, life.name, at, _reason(life, at, book, record))
    return [*found.values(), *unknown]


def _reason(life: Life, at: float, book: Book, record: Record) -> str:
    named = replica_of(life.name)
    if named is None or life.mark is None:
        return ""
    service, replica = named
    late = at + LATE
    if book.fewer_wanted(service, replica, at - _TURN, at):
        return "not wanted"
    if book.touched_since(service, life.mark.revision, at):
        return "changed in Git"
    for other in record.siblings(life):
        if other.mark is None or other.first > late or other.last < at - _TURN:
            continue
        if other.mark.generation > life.mark.generation and other.said(Stage.OK, late):
            return "its successor is healthy"
        if other.mark.generation == life.mark.generation and other.last >= at - LATE:
            return "a duplicate"
    if any(life.said(stage, late) for stage in _UNWELL):
        return "unhealthy, or ending by itself"
    return "stuck" if any(words in reason for words in _STUCK for reason in life.reasons) else ""
