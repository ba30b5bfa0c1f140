"""What squeue(1) and sacct(1) print of a job, field by field."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tests.sim.job import PENDING, RUNNING, Job

_FIELD = re.compile(r"%\.?\d*([a-zA-Z])")


def duration(minutes: int | None) -> str:
    """A time limit as squeue's %l prints it."""
    if minutes is None:
        return "UNLIMITED"
    days, rest = divmod(minutes, 1440)
    hours, rest = divmod(rest, 60)
    if days:
        return f"{days}-{hours:02}:{rest:02}:00"
    return f"{hours}:{rest:02}:00" if hours else f"{rest}:00"


def _start(job: Job) -> str:
    if job.state == PENDING:
        return str(job.begin) if job.reason == "BeginTime" else "N/A"
    return str(job.start) if job.start is not None else "N/A"


def _end(job: Job) -> str:
    if job.state == PENDING:
        return "N/A"
    if job.state == RUNNING and job.start is not None:
        return str(job.deadline)
    return str(job.end) if job.end is not None else "N/A"


def _dependency(job: Job) -> str:
    waits = [f"afterany:{number}(unfulfilled)" for number in sorted(job.after)]
    if job.singleton:
        waits.append("singleton(unfulfilled)")
    return ",".join(waits) or "(null)"


_FIELDS: dict[str, Callable[[Job], str]] = {
    "A": lambda job: str(job.id),
    "B": lambda job: job.where[0] if job.where else "n/a",
    "E": _dependency,
    "P": lambda job: job.partition,
    "S": _start,
    "T": lambda job: job.shown,
    "V": lambda job: str(job.submit),
    "e": _end,
    "i": lambda job: str(job.id),
    "j": lambda job: job.name,
    "k": lambda job: job.comment or "(null)",
    "l": lambda job: duration(job.limit),
    "q": lambda job: job.request.qos or "normal",
    "r": lambda job: job.reason,
    "u": lambda _job: "user",
}

_COLUMNS: dict[str, Callable[[Job], str]] = {
    "jobid": lambda job: str(job.id),
    "jobidraw": lambda job: str(job.id),
    "jobname": lambda job: job.name,
    "user": lambda _job: "user",
    "partition": lambda job: job.partition,
    "state": lambda job: "CANCELLED by 1000" if job.state == "CANCELLED" else job.state,
    "exitcode": lambda job: f"{job.code}:0" if job.code < 128 else f"0:{job.code - 128}",
    "derivedexitcode": lambda _job: "0:0",
    "submit": lambda job: str(job.submit),
    "start": lambda job: str(job.start or "None"),
    "end": lambda job: str(job.end or "Unknown"),
    "comment": lambda job: job.comment,
    "reason": lambda job: job.reason,
    "timelimit": lambda job: duration(job.limit),
    "timelimitraw": lambda job: str(job.limit or "UNLIMITED"),
    "nodelist": lambda _job: "n1",
}


_TITLES = {
    "A": "JOBID",
    "B": "EXEC_HOST",
    "E": "DEPENDENCY",
    "P": "PARTITION",
    "S": "START_TIME",
    "T": "STATE",
    "V": "SUBMIT_TIME",
    "e": "END_TIME",
    "i": "JOBID",
    "j": "NAME",
    "k": "COMMENT",
    "l": "TIME_LIMIT",
    "q": "QOS",
    "r": "REASON",
    "u": "USER",
}


def squeue(jobs: Sequence[Job], layout: str, *, header: bool) -> str:
    """One record for each job, as `--format` says; the titles of the fields in the same form before them."""
    parts = _FIELD.split(layout)
    literals, fields = parts[::2], [_FIELDS[letter] for letter in parts[1::2]]
    head = literals[0]
    pairs = list(zip(fields, literals[1:], strict=True))
    titles = _FIELD.sub(lambda match: _TITLES[match[1]], layout) + "\n" if header else ""
    return titles + "".join(head + "".join(field(job) + literal for field, literal in pairs) + "\n" for job in jobs)


def sacct(jobs: Sequence[Job], columns: str, delimiter: str) -> str:
    """One record for each job, as `--format` and `--delimiter` say."""
    fields = [_COLUMNS[column.partition("%")[0].lower()] for column in columns.split(",")]
    return "".join(delimiter.join(field(job) for field in fields) + "\n" for job in jobs)
