"""Asks the accounting for jobs that squeue has forgotten, where there is accounting; softly, as nothing needs it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from reconciler.errors import LookError
from reconciler.slurm.door.commands import Commands
from reconciler.slurm.look.history import arguments, read
from reconciler.slurm.look.squeue import Record

# How long it is not asked again after it did not answer, in seconds.
_AGAIN = 300.0
_MOST = 500
_NONE = "accounting storage is disabled"


class Past:
    """The accounting of one target. `monotonic` gives seconds that only pass. Used by one thread."""

    def __init__(self, commands: Commands, monotonic: Callable[[], float]) -> None:
        self._commands = commands
        self._monotonic = monotonic
        self._not_before = 0.0

    def jobs(self, since: int, ids: Sequence[str] = ()) -> list[Record]:
        """Jobs of this account that ended after a time (seconds since the epoch), all or only some of them.

        None of them when the accounting does not answer soon; it is then left alone for five minutes, and where there
        is none, for ever.
        """
        if self._monotonic() < self._not_before:
            return []
        token = secrets.token_urlsafe(16)
        try:
            return read(self._commands.sacct(arguments(token, since, ids[:_MOST])), token)
        except LookError as error:
            none = _NONE in str(error).lower()
            self._not_before = float("inf") if none else self._monotonic() + _AGAIN
            return []
