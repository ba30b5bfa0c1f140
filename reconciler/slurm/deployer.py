"""The writes to a Slurm cluster: submit, change and end jobs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from reconciler.errors import ConflictError, RefusedError, TargetError
from reconciler.models.status import ServiceStatus
from reconciler.models.wanted import Rendered, ResolvedService
from reconciler.models.workload import Mark, Phase, Workload
from reconciler.settings import SlurmTarget
from reconciler.slurm.bounded import Bounded
from reconciler.slurm.door.commands import Commands
from reconciler.slurm.job.queue import changes, leaves
from reconciler.slurm.job.sbatch import Template, template
from reconciler.slurm.look.clock import Clock

# Slurm's words for a job that cannot be signalled because it has no processes yet or no more.
_NOT_RUNNING = ("can not be altered now", "not running", "pending")
_GONE = ("invalid job id", "already completing or completed", "already finished")
# Slurm's words for a change that only a waiting job can have, when the job started in between.
_STARTED = ("no longer pending execution",)
_ESTIMATE = re.compile(r"\bto start at (?:(?P<epoch>\d{1,11})|(?P<utc>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)) ", re.ASCII)
# Behind a job without a time limit, Slurm's estimate is in hundreds of years.
_NEVER = timedelta(days=365)
# A service of which nothing is known any more, as it left Git before this daemon began.
_GRACE = timedelta(seconds=30)
_PATIENCE = timedelta(seconds=60)


class SlurmDeployer:
    """Submits, changes and ends the jobs of services on one target. Safe to use from many threads.

    `owner` is whose mark its jobs bear; others are not touched.
    Data folders are never touched: the data of a removed service stays where it is.
    """

    def __init__(self, target: SlurmTarget, owner: str, commands: Commands, clock: Clock | None = None) -> None:
        self._target = target
        self._owner = owner
        self._commands = commands
        self._clock = clock or Clock()
        self._templates: Bounded[str, tuple[ResolvedService, Template]] = Bounded()
        self._asked: Bounded[tuple[str, Mark], float] = Bounded()

    def render(self, service: ResolvedService) -> Rendered:
        """The options and the script that all replicas share. Raises RefusedError when it cannot run here."""
        return self._template(service).rendered

    def deploy(self, service: ResolvedService, mark: Mark, delay: float, after: tuple[Workload, ...]) -> None:
        """Submit one replica; the delay and the order after others are kept by Slurm, and so survive this daemon.

        Raises RefusedError, UnreachableError, or UncertainError: then the job may be there, and the next look tells.
        """
        submission = self._template(service).submission(mark, delay, after)
        self._commands.sbatch(submission.options, submission.script)

    def cancel(self, workload: Workload, *, removal: bool) -> None:  # noqa: ARG002 - the port's word; data stays anyway
        """Ask a running job to stop, cancel any other; one that is gone is a success. Raises TargetError.

        A plain scancel sends SIGTERM to every process of the job at once and SIGKILL after the site's KillWait. The
        signal to the batch script alone leaves the order and the grace to its supervisor: it asks the server with the
        recipe's signal, waits the recipe's grace, kills what is left, and ends the job. A supervisor that hangs is
        found by asking again, later than it may take: then the scancel is plain.
        """
        self._check(workload)
        with _settled(_GONE):
            if workload.phase is Phase.RUNNING and workload.stopping is None:
                self._stop(workload)
            else:
                self._commands.scancel([workload.id])

    def amend(self, service: ResolvedService, workload: Workload, mark: Mark, limit: timedelta | None) -> None:
        """Change a job where it is, in one request (scontrol(1), "update job"). Raises TargetError.

        What ended or started in between is a success: the next look tells what became of it. A waiting job that is no
        longer to wait in a partition of its own is cancelled, as no job can be moved to "the site's default".
        """
        self._check(workload)
        with _settled((*_GONE, *_STARTED)):
            if leaves(workload, mark):
                self._commands.scancel(["--state=PENDING", workload.id])
                return
            self._commands.scontrol(["update", f"JobId={workload.id}", *changes(service, workload, mark, limit)])
            if workload.phase is Phase.RUNNING:  # its supervisor looks at both again, and says once more how it is
                self._signal(workload, "USR1")

    def repair(self, service: ResolvedService, workload: Workload, mark: Mark) -> bool:
        """See `reconciler.ports.Deployer.repair`: of a job, only its mark can be changed by hand."""
        self.amend(service, workload, mark, None)
        return True

    def forget(self, service: str) -> None:
        """See `reconciler.ports.Deployer.forget`; what is kept is bounded."""

    def announce(self, status: ServiceStatus, at: datetime) -> None:
        """See `reconciler.ports.Deployer.announce`: Slurm has no place for it."""

    def dialect(self) -> str:
        """See `reconciler.ports.Deployer.dialect`: a script depends on nothing else."""
        return ""

    def estimate(self, service: ResolvedService) -> timedelta | None:
        """When Slurm would start one more (sbatch(1), --test-only), as the time from now; None if it does not say."""
        now = self._clock.now()
        try:
            trial = self._template(service).trial()
            start = start_in(self._commands.test_only(trial.options, trial.script))
        except TargetError:
            return None
        wait = max(start - now, timedelta()) if start else _NEVER
        return wait if wait < _NEVER else None

    def site(self) -> str:
        """A hash of what the cluster allows this account; "" when it cannot be asked."""
        allowed = self._commands.site()
        return hashlib.sha256(allowed.encode()).hexdigest()[:16] if allowed else ""

    def close(self) -> None:
        """Nothing is held between writes."""

    def _check(self, workload: Workload) -> None:
        if workload.mark.owner != self._owner:
            raise ConflictError(f"job {workload.id} bears the mark of {workload.mark.owner}, not of {self._owner}")

    def _template(self, service: ResolvedService) -> Template:
        """Made once for each version of a service: what was rendered to be compared is often submitted next."""
        known = self._templates.get(service.name)
        if known is None or known[0] is not service:
            known = service, template(service, self._target)
            self._templates.put(service.name, known)
        return known[1]

    def _stop(self, workload: Workload) -> None:
        """Ask the supervisor; when it was asked long ago and is still there, or is not there, end the job."""
        key = workload.id, workload.mark
        first = self._asked.get(key)
        if first is not None and self._clock.monotonic() - first > self._may_take(workload).total_seconds():
            self._commands.scancel([workload.id])
            return
        if first is None:
            self._asked.put(key, self._clock.monotonic())
        if not self._signal(workload, "TERM"):
            self._commands.scancel([workload.id])

    def _may_take(self, workload: Workload) -> timedelta:
        known = self._templates.get(workload.mark.service)
        return (known[0].recipe.spec.stop.grace if known else _GRACE) + _PATIENCE

    def _signal(self, workload: Workload, signal: str) -> bool:
        """Signal the script by way of slurmctld (no path to the nodes is needed); False when none is running."""
        try:
            self._commands.scancel(["--ctld", "--batch", f"--signal={signal}", workload.id])
        except RefusedError as error:
            if not _says(error, _NOT_RUNNING):
                raise
            return False
        return True


def start_in(words: str) -> datetime | None:
    """The moment in the words of `sbatch --test-only`; a Slurm that does not heed SLURM_TIME_FORMAT writes TZ=UTC."""
    said = _ESTIMATE.search(words)
    if said is None:
        return None
    return (
        datetime.fromtimestamp(int(said["epoch"]), UTC)
        if said["epoch"]
        else datetime.fromisoformat(said["utc"]).replace(tzinfo=UTC)
    )


@contextmanager
def _settled(words: tuple[str, ...]) -> Iterator[None]:
    """A refusal in these words is no failure: there is nothing left to do."""
    try:
        yield
    except RefusedError as error:
        if not _says(error, words):
            raise


def _says(error: RefusedError, words: tuple[str, ...]) -> bool:
    said = str(error).lower()
    return any(part in said for part in words)
