"""The mark of a job, and what the job reports about itself, as the text of its `--comment`; writer and reader together.

    rec1 o=factory-a s=faiss r=0 g=1 a=0 d=0123456789abcdef k= v=1f0e2d3c4b5a q=9f8e7d6c l=14400 n=node7 p=http:20012
    t=1767225600 h=ok u=1767225607

The mark comes first. The words after `l=` are appended by the job (`job.sh`): its node, its ports, the start of its run
as Slurm gives it (`t=`: a job that Slurm requeues keeps the comment of its former run), its stage and since when it is
in it by the clock of its node (`u=`), and at its end the exit code (`x=`). Slurm keeps at most 1024 bytes of a comment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote, unquote

from reconciler.models.workload import Mark

#: Bytes that Slurm keeps of a comment (MAX_COMMENT_LEN in its source).
LIMIT = 1024

_MARK = re.compile(
    r"(?P<mark>rec1 o=(?P<owner>\S*) s=(?P<service>\S*) r=(?P<replica>\d{1,9}) g=(?P<generation>\d{1,9})"
    r" a=(?P<attempt>\d{1,9}) d=(?P<digest>\S*) k=(?P<restart>\S*) v=(?P<revision>\S*)"
    r"(?: q=(?P<place>\S*) l=(?P<limit>\d{1,9}))?)(?: (?P<report>.*))?",
    re.ASCII | re.DOTALL,
)
_REPORT = re.compile(
    r"n=(?P<node>[A-Za-z0-9._-]+)(?: p=(?P<ports>[a-z0-9-]+:\d{1,5}(?:,[a-z0-9-]+:\d{1,5})*))?"
    r"(?: t=(?P<start>\d{1,11}))? h=(?P<state>[a-z]+)(?: u=(?P<since>\d{1,11}))?(?: x=(?P<code>\d{1,3}))?",
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
    when the job could not tell.
    """

    node: str
    stage: Stage
    ports: tuple[tuple[str, int], ...] = ()
    code: int | None = None
    start: int | None = None
    since: int | None = None


def job_name(service: str, replica: int) -> str:
    """The job's name, `<service>.<replica>`: unambiguous, as a service's name has no dot; the key of `singleton`."""
    return f"{service}.{replica}"


def service_of(name: str) -> str | None:
    """The service of which a job has the name, or None when the name is of another kind."""
    match = _JOB_NAME.fullmatch(name)
    return match["service"] if match else None


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


def read(comment: str) -> tuple[Mark, Report | None] | None:
    """The mark in a comment and the job's report, if any; None when the comment is not exactly of our making.

    A report that cannot be read is None and does not unmake the mark: what a job says may be damaged, whose it is not.
    """
    match = _MARK.fullmatch(comment)
    if match is None:
        return None
    mark = Mark(
        owner=unquote(match["owner"]),
        service=unquote(match["service"]),
        replica=int(match["replica"]),
        digest=unquote(match["digest"]),
        restart=unquote(match["restart"]),
        generation=int(match["generation"]),
        attempt=int(match["attempt"]),
        revision=unquote(match["revision"]),
        place=unquote(match["place"] or ""),
        limit=int(match["limit"] or 0),
    )
    if not _is_canonical(mark, match["mark"]):
        return None
    return mark, _report(match["report"] or "")


def _is_canonical(mark: Mark, text: str) -> bool:
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
    )


def _number(text: str | None) -> int | None:
    return int(text) if text else None
