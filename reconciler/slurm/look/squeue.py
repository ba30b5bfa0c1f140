"""The text of one `squeue` into records; the question and the reading of its answer together. Pure.

Any job of the same account can have any bytes in its name and comment, newlines and separators too. So these two come
last, each behind a random token that is made anew for each look (nobody can have put it anywhere before), and a third
one ends the record. The fields before them are Slurm's own words and numbers and hold no text of others; a control
character is enough between them. A text that is not wholly made of such records is no look at all.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from reconciler.errors import LookError

_BEGIN, _NEXT = "\x1e", "\x1f"
# id, state, reason, batch host, start, end, submit, time limit in force (squeue(1), --format)
_FIELDS = ("%i", "%T", "%r", "%B", "%S", "%e", "%V", "%l")
_FOREIGN = ("%j", "%k")
_WORD = f"([^{_BEGIN}{_NEXT}]*)"
_ROW = _NEXT.join([_WORD] * len(_FIELDS))
_TITLES = re.compile(f"\n{_BEGIN}(?=[A-Z]){_ROW}")
_HEAD = re.compile(f"\n{_BEGIN}(?=[0-9]){_ROW}")
# Longer than any time of a job, and short enough for a datetime.
_DIGITS = 11


class Record(NamedTuple):
    """One job as squeue shows it. `why` is Slurm's reason; times are in seconds since the epoch, None where unset.

    `limit` is Slurm's text for the time limit; name and comment are what somebody wrote, in any form.
    """

    id: str
    state: str
    why: str
    host: str
    start: int | None
    end: int | None
    submit: int | None
    limit: str
    name: str
    comment: str


def arguments(token: str) -> list[str]:
    """The arguments of a squeue whose output `read` reads with the same token.

    All states, as an ended job tells how its service failed; hidden partitions too, as a job that is merely not shown
    would be taken for one that is not there. With the line of titles, so that a whole answer is never empty: an empty
    one would look like a cluster without jobs.
    """
    own = _BEGIN + _NEXT.join(_FIELDS)
    return ["--me", "--all", "--states=all", f"--format={token.join([own, *_FOREIGN])}{token}"]


def read(text: str, token: str) -> list[Record]:
    """All records. Raises LookError when the text was cut, or has parts that squeue did not make from the format."""
    *pieces, last = f"\n{text}".split(token)
    if last != "\n" or not pieces or len(pieces) % 3 or not _TITLES.fullmatch(pieces[0]):
        raise LookError(f"squeue's answer of {len(text)} characters is cut or mixed with other text")
    return [_record(*row) for row in zip(pieces[3::3], pieces[4::3], pieces[5::3], strict=True)]


def _record(own: str, name: str, comment: str) -> Record:
    match = _HEAD.fullmatch(own)
    if match is None:
        raise LookError(f"squeue's answer is cut or mixed with other text: {own[:100]!r} are no fields of a job")
    job, state, why, host, start, end, submit, limit = match.groups()
    return Record(job, state, why, host, _time(start), _time(end), _time(submit), limit, name, comment)


def _time(text: str) -> int | None:
    """Slurm writes words such as N/A, Unknown, NONE or INVALID for a time that is none."""
    if len(text) > _DIGITS or not (text.isascii() and text.isdecimal()):
        return None
    return int(text) or None
