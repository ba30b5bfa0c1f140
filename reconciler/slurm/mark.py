"""The mark of a job, and what the job reports about itself, as the text of its `--comment`; writer and reader together.

    rec1 o=factory-a s=faiss r=0 g=1 a=0 d=0123456789abcdef k= v=1f0e2d3c4b5a q=9f8e7d6c l=14400 n=node7 p=http:20012
    t=1767225600 h=ok u=1767225607

The mark comes first. The words after `l=` are appended by the job (`job.sh`): its node, its ports, the start of its run
as Slurm gives it (`t=`: a job that Slurm requeues keeps the comment of its former run), its stage and since when it is
in it by the clock of its node (`u=`), at its end the exit code (`x=`), and while it is not well, why (`w=`: what was
wrong, and behind an @ what was asked, as in `http-503@GET/health`). Slurm keeps at most 1024 bytes of a comment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple
from urllib.parse import quote, unquote

from reconciler.models.workload import Mark

#: Bytes that Slurm keeps of a comment (MAX_COMMENT_LEN in its source).
LIMIT = 1024
#: Bytes of what was asked, in `w=`.
LONGEST_QUESTION = 60

_WORD = r"[A-Za-z0-9._~%-]*"
_COUNT = r"(?:0|[1-9]\d{0,8})"
_MARK = re.compile(
    rf"(?P<mark>rec1 o=(?P<owner>{_WORD}) s=(?P<service>{_WORD}) r=(?P<replica>{_COUNT}) g=(?P<generation>{_COUNT})"
    rf" a=(?P<attempt>{_COUNT}) d=(?P<digest>{_WORD}) k=(?P<restart>{_WORD}) v=(?P<revision>{_WORD})"
    rf"(?: q=(?P<place>{_WORD}) l=(?P<limit>{_COUNT})|(?! q=)))(?: (?P<note>.*))?",
    re.ASCII | re.DOTALL,
)
_REPORT = re.compile(
    r"n=(?P<node>[A-Za-z0-9._-]+)(?: p=(?P<ports>[a-z0-9-]+:\d{1,5}(?:,[a-z0-9-]+:\d{1,5})*))?"
    r"(?: t=(?P<start>\d{1,11}))? h=(?P<state>[a-z]+)(?: u=(?P<since>\d{1,11}))?(?: x=(?P<code>\d{1,3}))?"
    rf"(?: w=(?P<why>[a-z0-9-]{{1,24}}(?:@[A-Za-z0-9_./%:-]{{1,{LONGEST_QUESTION}}})?))?",
    re.ASCII,
)
_JOB_NAME = re.compile(r"(?P<service>[a-z](?:[-a-z0-9]{0,48}[a-z0-9])?)\.(?P<replica>0|[1-9]\d{0,8})", re.ASCII)


class Stage(Enum):
    """What a job says of itself: the word after `h=`."""

    STARTING = "starting"
    OK = "ok"
    BAD = "bad"
    LATE = "late"
    STOPPING = "stopping"
    EXPIRING = "expiring"


@dataclass(frozen=True, slots=True)
class Report:
    """The words of the job itself. `ports`: name and number, in the recipe's order. `code`: exit code at its end.

    `start` is the start of the run that says so, `since` when its stage began; both in seconds since the epoch, None
    when the job could not tell. `why` is what its probe complained of, in the words of `probe.sh`; "" when it is well.
    """

    node: str
    stage: Stage
    ports: tuple[tuple[str, int], ...] = ()
    code: int | None = None
    start: int | None = None
    since: int | None = None
    why: str = ""


class Stamp(NamedTuple):
    """What a comment of ours says: the mark, and behind it the words of the job itself.

    `note` is those words as they are, "" if there are none. `report` is None when they cannot be read: that does not
    unmake the mark, as what a job says may be damaged, whose it is not.
    """

    mark: Mark
    report: Report | None = None
    note: str = ""


def job_name(service: str, replica: int) -> str:
    """The job's name, `<service>.<replica>`: unambiguous, as a service's name has no dot; the key of `singleton`."""
    return f"{service}.{replica}"


def replica_of(name: str) -> tuple[str, int] | None:
    """The service and the replica of which a job has the name, or None when the name is of another kind."""
    match = _JOB_NAME.fullmatch(name)
    return (match["service"], int(match["replica"])) if match else None


def service_of(name: str) -> str | None:
    """The service of which a job has the name, or None when the name is of another kind."""
    named = replica_of(name)
    return named[0] if named else None


def write(mark: Mark) -> str:
    """The text of a mark: printable ASCII without quotes. Raises ValueError when it is longer than Slurm keeps."""
    text = (
        f"rec1 o={quote(mark.owner, safe='')} s={quote(mark.service, safe='')} r={mark.replica} g={mark.generation}"
        f" a={mark.attempt} d={quote(mark.digest, safe='')} k={quote(mark.restart, safe='')}"
        f" v={quote(mark.revision, safe='')}"
    )
    if mark.place or mark.limit:
        text += f" q={quote(mark.place, safe='')} l={mark.limit}"
    if len(text) > LIMIT:
        raise ValueError(f"a mark of at most {LIMIT} bytes, not {len(text)}")
    return text


def read(comment: str) -> Stamp | None:
    """The stamp in a comment; None when it does not begin with a mark exactly of our making."""
    match = _MARK.fullmatch(comment)
    if match is None:
        return None
    text, note = match["mark"], match["note"] or ""
    decode = unquote if "%" in text else str
    mark = Mark(
        owner=decode(match["owner"]),
        service=decode(match["service"]),
        replica=int(match["replica"]),
        digest=decode(match["digest"]),
        restart=decode(match["restart"]),
        generation=int(match["generation"]),
        attempt=int(match["attempt"]),
        revision=decode(match["revision"]),
        place=decode(match["place"] or ""),
        limit=int(match["limit"] or 0),
    )
    return Stamp(mark, _report(note) if note else None, note) if _is_canonical(mark, text) else None


def _is_canonical(mark: Mark, text: str) -> bool:
    """Whether it is what `write` makes. The pattern leaves open only escapes, empty last words, and the length."""
    if "%" not in text and len(text) <= LIMIT and (mark.place or mark.limit or " q=" not in text):
        return True
    try:
        return write(mark) == text
    except ValueError:  # longer than the limit, or not text at all (a lone surrogate)
        return False


def _report(text: str) -> Report | None:
    match = _REPORT.fullmatch(text)
    if match is None or match["state"] not in {stage.value for stage in Stage}:
        return None
    pairs = [word.partition(":") for word in (match["ports"] or "").split(",") if word]
    return Report(
        node=match["node"],
        stage=Stage(match["state"]),
        ports=tuple((name, int(number)) for name, _, number in pairs),
        code=_number(match["code"]),
        start=_number(match["start"]),
        since=_number(match["since"]),
        why=match["why"] or "",
    )


def _number(text: str | None) -> int | None:
    return int(text) if text else None
