"""What is seen of a job of ours: its record into a workload. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from reconciler.models.health import Health
from reconciler.models.workload import Instance, Phase, Workload
from reconciler.slurm.look.jobs import Job
from reconciler.slurm.look.squeue import Record
from reconciler.slurm.look.states import Verdict, verdict
from reconciler.slurm.mark import Report, Stage

_LIMIT = re.compile(r"(?:(?:(?P<days>\d+)-)?(?P<hours>\d+):)?(?P<minutes>\d+):(?P<seconds>\d\d)", re.ASCII)
# A job that runs says so within seconds, unless its controller is away.
_SILENCE = 120


@dataclass(frozen=True, slots=True)
class Frame:
    """When and where: `now` is the moment by this machine's clock; the controller's is `offset` seconds ahead."""

    target: str
    now: datetime
    offset: int = 0

    def at(self, seconds: int | None) -> datetime | None:
        """A time of the controller's clock by this machine's."""
        return None if seconds is None else datetime.fromtimestamp(seconds - self.offset, UTC)

    def age(self, seconds: int | None) -> float:
        """Seconds since a time of the controller's clock; negative before it, 0 when it is not known."""
        return 0.0 if seconds is None else self.now.timestamp() + self.offset - seconds


def report_of(record: Record, report: Report | None) -> Report | None:
    """The report when it is of the present run: a job that Slurm requeued still has the words of its former run."""
    if report is None or record.state == "PENDING":
        return None
    known = report.start is not None and record.start is not None
    return None if known and report.start != record.start else report


def workload(frame: Frame, job: Job) -> Workload:
    """What is seen of a job of ours."""
    record, stamp = job.record, job.stamp
    report = report_of(record, stamp.report)
    silent = report is None and frame.age(record.start) > _SILENCE
    found = verdict(record.state, record.why, report, again=stamp.report is not None, silent=silent)
    stopping = _stopping(record, found, report)
    endpoints = _endpoints(report) if report and found.phase is Phase.RUNNING else ()
    return Workload(
        target=frame.target,
        id=record.id,
        mark=stamp.mark,
        phase=found.phase,
        health=found.health,
        reason=_reason(record, found),
        since=frame.at(stopping or _since(record, found)),
        deadline=frame.at(record.end) if found.phase is Phase.RUNNING else None,
        endpoints=endpoints,
        lasted=_lasted(record, report) if report and found.phase is Phase.ENDED else 0.0,
        limit=limit_of(record.limit),
        expected=frame.at(record.start) if found.phase is Phase.PENDING and frame.age(record.start) < 0 else None,
        cause=found.cause,
        pending=found.pending,
        stuck=found.stuck,
        stopping=frame.at(stopping),
        marked=job.marked,
        note=stamp.note,
        unhealthy=frame.at(_unhealthy(record, report)),
        submitted=frame.at(record.submit),
        instances=_instances(record, found, report, endpoints),
    )


@lru_cache(maxsize=1024)
def limit_of(text: str) -> timedelta | None:
    """Slurm's D-HH:MM:SS, HH:MM:SS or MM:SS; None for words such as UNLIMITED, NOT_SET and INVALID."""
    match = _LIMIT.fullmatch(text)
    if match is None or len(text) > len("99999-23:59:59"):
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _reason(record: Record, found: Verdict) -> str:
    """What failed by itself names its log, a file in the target's folder of logs (sbatch.py gives it that name)."""
    failed = found.phase is Phase.ENDED and found.health is Health.FAILED
    return f"{found.reason}; log: {record.name}-{record.id}.out" if failed else found.reason


def _since(record: Record, found: Verdict) -> int | None:
    match found.phase:
        case Phase.PENDING:
            return record.submit
        case Phase.RUNNING:
            return record.start
        case Phase.STOPPING | Phase.ENDED:
            return record.end


def _stopping(record: Record, found: Verdict, report: Report | None) -> int | None:
    """Since when a job that Slurm takes for running has been ending by itself."""
    if report is None or found.phase is not Phase.STOPPING or record.state != "RUNNING":
        return None
    return report.since or record.start


def _unhealthy(record: Record, report: Report | None) -> int | None:
    """Since when a job that was healthy says that it is not any more."""
    if report is None or report.stage is not Stage.BAD or record.state != "RUNNING":
        return None
    return report.since or record.start


def _lasted(record: Record, report: Report) -> float:
    """How long it had been healthy at its end; never longer than it ran."""
    if report.stage is not Stage.OK or record.start is None or record.end is None:
        return 0.0
    return float(max(record.end - max(report.since or 0, record.start), 0))


def _instances(
    record: Record, found: Verdict, report: Report | None, endpoints: tuple[tuple[str, str], ...]
) -> tuple[Instance, ...]:
    """The job itself, while it runs; of several nodes, the first one answers."""
    if found.phase is not Phase.RUNNING:
        return ()
    node = report.node if report else record.host
    return (Instance(record.id, node, found.health is Health.HEALTHY, endpoints),)


def _endpoints(report: Report) -> tuple[tuple[str, str], ...]:
    return tuple((name, f"{report.node}:{port}") for name, port in report.ports)
