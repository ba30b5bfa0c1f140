"""The writes to a Slurm cluster: submit and end jobs."""

from __future__ import annotations

from datetime import timedelta

from reconciler.errors import ConflictError, RefusedError
from reconciler.models.wanted import Rendered, ResolvedService
from reconciler.models.workload import Mark, Phase, Workload
from reconciler.settings import SlurmTarget
from reconciler.slurm.commands import SlurmCommands
from reconciler.slurm.sbatch import Template, template

# Slurm's words for a job that cannot be signalled because it has no processes yet or no more.
_NOT_RUNNING = ("can not be altered now", "not running", "pending")
_GONE = ("invalid job id", "already completing or completed", "already finished")


class SlurmDeployer:
    """Submits and ends the jobs of services on one target. Safe to use from many threads.

    `owner` is whose mark its jobs bear; others are not ended.
    Data folders are never touched: the data of a removed service stays where it is.
    """

    def __init__(self, target: SlurmTarget, owner: str, commands: SlurmCommands) -> None:
        self._target = target
        self._owner = owner
        self._commands = commands
        self._templates: dict[str, tuple[ResolvedService, Template]] = {}

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
        """Ask a running job to stop, cancel any other; one that is gone is a success.

        A plain scancel sends SIGTERM to every process of the job at once and SIGKILL after the site's KillWait. The
        signal to the batch script alone leaves the order and the grace to its supervisor: it asks the server with the
        recipe's signal, waits the recipe's grace, kills what is left, and ends the job. Raises TargetError.
        """
        if workload.mark.owner != self._owner:
            raise ConflictError(f"job {workload.id} bears the mark of {workload.mark.owner}, not of {self._owner}")
        try:
            if workload.phase is not Phase.RUNNING or not self._asked_to_stop(workload):
                self._commands.scancel([workload.id])
        except RefusedError as error:
            if not any(words in str(error).lower() for words in _GONE):
                raise

    def amend(self, service: ResolvedService, workload: Workload, mark: Mark, limit: timedelta | None) -> None:
        """Change a job where it is (scontrol(1), "update job")."""
        raise NotImplementedError

    def estimate(self, service: ResolvedService) -> timedelta | None:
        """When Slurm would start one more (sbatch(1), --test-only)."""
        raise NotImplementedError

    def site(self) -> str:
        """Partitions and limits, hashed."""
        raise NotImplementedError

    def close(self) -> None:
        """Nothing is held between writes."""

    def _template(self, service: ResolvedService) -> Template:
        """Made once for each version of a service: what was rendered to be compared is often submitted next."""
        known = self._templates.get(service.name)
        if known is None or known[0] is not service:
            known = self._templates[service.name] = service, template(service, self._target)
        return known[1]

    def _asked_to_stop(self, workload: Workload) -> bool:
        """Signal the script by way of slurmctld (no path to the nodes is needed); False when none is running."""
        try:
            self._commands.scancel(["--ctld", "--batch", "--signal=TERM", workload.id])
        except RefusedError as error:
            if any(words in str(error).lower() for words in _NOT_RUNNING):
                return False
            raise
        return True
