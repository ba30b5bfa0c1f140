"""The text of one `squeue` into what is seen. Pure.

Any job of the same account can have any bytes in its name and comment, newlines and separators too. So the fields
stand between copies of a random token that is made anew for each look (nobody can have put it anywhere before), and
the two fields of foreign text come last. A text that is not made of whole records is no look at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.errors import LookError
from reconciler.models.health import Health
from reconciler.models.workload import Conflict, Mark, Observed, Phase, Workload
from reconciler.slurm import mark as marks
from reconciler.slurm.states import Verdict, verdict

# id, state, reason, batch host, start, end, submit, name, comment (squeue(1), --format)
_FIELDS = ("%i", "%T", "%r", "%B", "%S", "%e", "%V", "%j", "%k")
_EPOCH = re.compile(r"\d{1,11}", re.ASCII)
_JOB_ID = re.compile(r"\d{1,10}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Record:
    id: str
    state: str
    why: str
    host: str
    start: datetime | None
    end: datetime | None
    submit: datetime | None
    name: str
    comment: str


def format_for(token: str) -> str:
    """The value of `squeue --format` whose output `parse` reads with the same token."""
    return token + token.join(_FIELDS) + token


def parse(text: str, token: str, owner: str, target: str, now: datetime) -> Observed:
    """Everything of ours, and what stands in its way. `now` is when the look was begun.

    Raises LookError when the text was cut, or has lines that squeue did not make from the format.
    """
    workloads: list[Workload] = []
    conflicts: list[Conflict] = []
    for record in _records(text, token):
        stamp = _stamp(record, owner)
        if stamp:
            workloads.append(_workload(record, stamp[0], stamp[1], target))
        else:
            conflicts += _conflict(record)
    return Observed(target, now, complete=True, workloads=tuple(workloads), conflicts=tuple(conflicts))


def _records(text: str, token: str) -> Iterator[_Record]:
    """Each record is the token before each field and after the last one, and a newline."""
    first, *pieces = text.split(token)
    size = len(_FIELDS) + 1
    if first or len(pieces) % size or any(piece != "\n" for piece in pieces[size - 1 :: size]):
        raise LookError(f"squeue's answer of {len(text)} characters is cut or mixed with other text")
    for begin in range(0, len(pieces), size):
        yield _record(*pieces[begin : begin + size - 1])


def _record(job: str, state: str, why: str, host: str, start: str, end: str, submit: str, *text: str) -> _Record:
    name, comment = text
    return _Record(job, state, why, host, _time(start), _time(end), _time(submit), name, comment)


def _time(text: str) -> datetime | None:
    """Seconds since the epoch; Slurm writes words such as N/A, Unknown or INVALID for none."""
    return datetime.fromtimestamp(int(text), UTC) if _EPOCH.fullmatch(text) and int(text) else None


def _stamp(record: _Record, owner: str) -> tuple[Mark, marks.Report | None] | None:
    """The mark, when the job is ours: our owner, and the name that goes with the mark (a copied comment is not)."""
    stamp = marks.read(record.comment)
    if stamp is None or stamp[0].owner != owner or not _JOB_ID.fullmatch(record.id):
        return None
    return stamp if record.name == marks.job_name(stamp[0].service, stamp[0].replica) else None


def _workload(record: _Record, mark: Mark, report: marks.Report | None, target: str) -> Workload:
    found = verdict(record.state, record.why, report)
    return Workload(
        target=target,
        id=record.id,
        mark=mark,
        phase=found.phase,
        health=found.health,
        reason=_reason(record, found),
        since=_since(record, found),
        deadline=record.end if found.phase is Phase.RUNNING else None,
        endpoints=_endpoints(report) if found.phase is Phase.RUNNING else (),
        lasted=_lasted(record) if found.phase is Phase.ENDED else 0.0,
    )


def _reason(record: _Record, found: Verdict) -> str:
    """What failed by itself names its log, a file in the target's folder of logs (sbatch.py gives it that name)."""
    failed = found.phase is Phase.ENDED and found.health is Health.FAILED
    return f"{found.reason}; log: {record.name}-{record.id}.out" if failed else found.reason


def _since(record: _Record, found: Verdict) -> datetime | None:
    match found.phase:
        case Phase.PENDING:
            return record.submit
        case Phase.ENDED:
            return record.end
        case Phase.RUNNING | Phase.STOPPING:
            return record.start


def _lasted(record: _Record) -> float:
    if record.start is None or record.end is None:
        return 0.0
    return max((record.end - record.start).total_seconds(), 0.0)


def _endpoints(report: marks.Report | None) -> tuple[tuple[str, str], ...]:
    return tuple((name, f"{report.node}:{port}") for name, port in report.ports) if report else ()


def _conflict(record: _Record) -> Iterator[Conflict]:
    """A job that may still run has the name of a service and is not ours."""
    service = marks.service_of(record.name)
    if service and verdict(record.state, record.why, None).phase is not Phase.ENDED:
        yield Conflict(service, f"job {record.id} has the name {record.name} and does not bear our mark")
