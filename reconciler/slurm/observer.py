"""One look at a Slurm cluster: one `squeue` for everything, whatever the number of services."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from reconciler.errors import LookError
from reconciler.models.workload import Observed
from reconciler.ports import Bell
from reconciler.slurm.door.commands import Commands
from reconciler.slurm.look import squeue
from reconciler.slurm.look.clock import Clock, Offset, is_set
from reconciler.slurm.look.jobs import Job, is_alive, sort, stamp_of
from reconciler.slurm.look.maintenance import next_closing
from reconciler.slurm.look.memory import Memory, as_ended
from reconciler.slurm.look.past import Past
from reconciler.slurm.look.reasons import is_maintenance
from reconciler.slurm.look.reports import Reports
from reconciler.slurm.look.squeue import Record
from reconciler.slurm.look.workloads import Frame, report_of, workload

# Bytes of chance in the token of a look: ten characters, 60 bits.
_TOKEN = 8
_DAY = 86_400
# How long an answer about reservations is good for, in seconds.
_RESERVED = 60.0


class SlurmObserver:
    """Looks at the jobs of this account on one target; those with the mark of `owner` are ours. One look at a time.

    `logs` is the folder in which jobs report that cannot write their comment (None: they have none). All that it keeps
    between looks may be lost at any time: see `memory`.
    """

    def __init__(
        self, target: str, owner: str, commands: Commands, logs: Path | None = None, clock: Clock | None = None
    ) -> None:
        self._target = target
        self._owner = owner
        self._commands = commands
        self._clock = clock or Clock()
        self._offset = Offset(commands, self._clock)
        self._past = Past(commands, self._clock.monotonic)
        self._reports = Reports(logs)
        self._memory = Memory()
        self._looked: int | None = None
        self._closes: int | None = None
        self._ask_closing = 0.0

    def look(self) -> Observed:
        """Look now. A look that failed, timed out or was cut is incomplete and says why.

        So is one during which this machine's clock was set, as its times would be off by that.
        """
        now, zero = self._clock.now(), self._clock.zero()
        token = secrets.token_urlsafe(_TOKEN)[:10]
        try:
            records = squeue.read(self._commands.squeue(squeue.arguments(token)), token)
        except LookError as error:
            return Observed(self._target, now, complete=False, why=str(error))
        offset = self._offset.seconds()
        if is_set(zero, self._clock.zero()):
            return Observed(self._target, now, complete=False, why="the clock of this machine was set during the look")
        return self._observed(records, Frame(self._target, now, offset))

    def start(self, bell: Bell) -> None:
        """Slurm tells nobody when something changes; the next tick looks."""

    def close(self) -> None:
        """Nothing is held between looks."""

    def _observed(self, records: Sequence[Record], frame: Frame) -> Observed:
        found, conflicts = sort(records, self._owner, self._memory.stamp)
        jobs = [self._reported(job) for job in found]
        self._remember(jobs, records, frame)
        workloads = [*(workload(frame, job) for job in jobs), *self._memory.ended(frame)]
        return Observed(
            target=self._target,
            at=frame.now,
            complete=True,
            workloads=tuple(workloads),
            conflicts=tuple(conflicts),
            closes=self._next_closing(jobs, frame),
        )

    def _reported(self, job: Job) -> Job:
        """A running job that has said nothing in its comment may have done so in a file."""
        silent = job.record.state == "RUNNING" and report_of(job.record, job.stamp.report) is None
        return replace(job, stamp=self._reports.read(job.record, job.stamp)) if silent else job

    def _remember(self, jobs: Sequence[Job], records: Sequence[Record], frame: Frame) -> None:
        """Take in this look; what lived at the last one and is not shown any more has ended meanwhile.

        At the first look of a daemon, that is what the accounting says of the last day.
        """
        now = int(frame.now.timestamp()) + frame.offset
        if self._looked is None:
            ended = self._recently_ended(now)
        else:
            ended = self._missed(self._memory.missing(records), now, self._looked)
        self._memory.keep(jobs, ended)
        self._looked = now

    def _recently_ended(self, now: int) -> list[Job]:
        past = self._past.jobs(now - _DAY)
        ended = (record for record in past if not is_alive(record))
        return [Job(record, stamp) for record in ended if (stamp := stamp_of(record, self._owner))]

    def _missed(self, missing: Sequence[Job], now: int, looked: int) -> list[Job]:
        past = self._past.jobs(looked - _DAY, [known.record.id for known in missing]) if missing else []
        return [as_ended(known, past, now) for known in missing]

    def _next_closing(self, jobs: Sequence[Job], frame: Frame) -> datetime | None:
        """When maintenance begins that keeps one of our jobs waiting."""
        if not any(job.record.state == "PENDING" and is_maintenance(job.record.why) for job in jobs):
            return None
        if self._clock.monotonic() >= self._ask_closing:
            self._ask_closing = self._clock.monotonic() + _RESERVED
            try:
                self._closes = next_closing(self._commands.reservations(), frame.now.timestamp() + frame.offset)
            except LookError:
                self._closes = None
        return frame.at(self._closes)
