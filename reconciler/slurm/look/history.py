"""The text of one `sacct` into records, as squeue would have shown them; the question and its reading together. Pure.

As with squeue, foreign text stands between copies of a random token. Slurm keeps a job's comment in its accounting only
where the site says AccountingStoreFlags=job_comment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from reconciler.errors import LookError
from reconciler.slurm.look.squeue import Record

# sacct(1), --format; Slurm's own words stand at both ends of a line.
_FIELDS = ("JobIDRaw", "JobName", "Comment", "State", "ExitCode", "NodeList", "Submit", "Start", "Timelimit", "End")
_EXIT = re.compile(r"(?P<code>\d{1,3}):(?P<signal>\d{1,3})", re.ASCII)
_TIME = re.compile(r"\d{1,11}", re.ASCII)
# "Exit code" of a job that could not be started (SIG_FAILURE in Slurm's source).
_LAUNCH = 53


def arguments(token: str, since: int, ids: Sequence[str] = ()) -> list[str]:
    """The arguments of a sacct whose output `read` reads: jobs of this account since a time, all or only some."""
    begin = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    chosen = [f"--jobs={','.join(ids)}"] if ids else []
    form = ["--parsable2", f"--delimiter={token}", f"--format={','.join(_FIELDS)}"]
    return ["--allocations", "--noheader", "--duplicates", f"--starttime={begin}", *chosen, *form]


def read(text: str, token: str) -> list[Record]:
    """All jobs that ended, oldest first as sacct has them. Raises LookError when it is not wholly made of records."""
    pieces = text.split(token)
    size = len(_FIELDS) - 1
    if not text:
        return []
    if len(pieces) % size != 1 or not text.endswith("\n"):
        raise LookError(f"sacct's answer of {len(text)} characters is cut or mixed with other text")
    return [record for record in (_record(*row) for row in _rows(pieces, size)) if record.end]


def _rows(pieces: list[str], size: int) -> list[list[str]]:
    """The last field of a line and the first one of the next are one piece, with a newline between them."""
    rows = []
    first = pieces[0]
    for begin in range(1, len(pieces), size):
        *middle, seam = pieces[begin : begin + size]
        last, _, following = seam.partition("\n")
        rows.append([first, *middle, last])
        first = following
    return rows


def _record(
    job: str, name: str, comment: str, state: str, code: str, hosts: str, submit: str, start: str, limit: str, end: str
) -> Record:
    """Sacct writes `CANCELLED by 1000`. Its ExitCode becomes the reason that squeue gives for such an end."""
    word = state.partition(" ")[0]
    return Record(job, word, _why(code), hosts, _time(start), _time(end), _time(submit), limit, name, comment)


def _why(code: str) -> str:
    match = _EXIT.fullmatch(code)
    if match is None:
        return "None"
    if match["signal"] != "0":
        return "JobLaunchFailure" if int(match["signal"]) == _LAUNCH else f"RaisedSignal:{match['signal']}"
    return "None" if match["code"] == "0" else "NonZeroExitCode"


def _time(text: str) -> int | None:
    return int(text) or None if _TIME.fullmatch(text) else None
