"""What jobs report in files, where they cannot write their own comment; `job.sh` is the writer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reconciler.models.workload import Mark
from reconciler.slurm import mark as marks
from reconciler.slurm.look.squeue import Record
from reconciler.slurm.mark import Stamp
from reconciler.slurm.plain import read_plain


class Reports:
    """The files `<folder>/<job name>-<job id>.report`: one line, the text that would be the comment.

    `folder` is that of the jobs' logs; None: there are no such files.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def read(self, record: Record, stamp: Stamp) -> Stamp:
        """The stamp with the note of the file; as it was when there is no file of exactly this job."""
        if self._folder is None:
            return stamp
        text = _text(self._folder / f"{record.name}-{record.id}.report")
        found = marks.read(text) if text else None
        if found is None or not _is_same(found.mark, stamp.mark):
            return stamp
        return Stamp(stamp.mark, found.report, found.note)


def _is_same(one: Mark, other: Mark) -> bool:
    """Whether two marks are of one job; what can be changed while it waits in the queue does not matter."""
    return replace(one, revision="", place="", limit=0) == replace(other, revision="", place="", limit=0)


def _text(path: Path) -> str:
    """The content of a small plain file; "" for anything else."""
    content = read_plain(path, marks.LIMIT + 2)
    return content.decode("ascii", "replace").removesuffix("\n") if len(content) <= marks.LIMIT + 1 else ""
