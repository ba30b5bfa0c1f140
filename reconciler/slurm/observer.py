"""One look at a Slurm cluster: one `squeue` for everything, whatever the number of services."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from reconciler.errors import LookError
from reconciler.models.workload import Observed
from reconciler.ports import Bell
from reconciler.slurm.commands import SlurmCommands
from reconciler.slurm.squeue import format_for, parse


class SlurmObserver:
    """Looks at the jobs of this account on one target; those with the mark of `owner` are ours."""

    def __init__(self, target: str, owner: str, commands: SlurmCommands) -> None:
        self._target = target
        self._owner = owner
        self._commands = commands

    def look(self) -> Observed:
        """Look now. A look that failed, timed out or was cut is incomplete and says why.

        All states, as an ended job tells how its service failed; hidden partitions too, as a job that is merely not
        shown would be taken for one that is not there.
        """
        now = datetime.now(UTC)  # noqa: TID251 - a doer reads the clock and hands the moment on
        token = secrets.token_hex(16)
        try:
            text = self._commands.squeue(
                ["--me", "--all", "--states=all", "--noheader", f"--format={format_for(token)}"]
            )
            return parse(text, token, self._owner, self._target, now)
        except LookError as error:
            return Observed(self._target, now, complete=False, why=str(error))

    def start(self, bell: Bell) -> None:
        """Slurm tells nobody when something changes; the next tick looks."""

    def close(self) -> None:
        """Nothing is held between looks."""
