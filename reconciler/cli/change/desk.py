"""Where verbs hand in a change: at a daemon, or, where there is none, at the repository itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import typer

from reconciler.cli.where import Where
from reconciler.errors import ReconcilerError, SettingsError

if TYPE_CHECKING:
    from reconciler.client import Client
    from reconciler.daemon.direct import Direct
    from reconciler.daemon.lock import StateLock
    from reconciler.settings import Settings

    Desk = Client | Direct
_TIMEOUT = 120.0
_PATIENCE = 30.0
_LOCK_SECONDS = 12.0
_PAUSE = 0.2


@contextmanager
def open_desk(place: Where, *, waits: bool) -> Iterator[Desk]:
    """A desk until the end of the block. `waits`: what is asked for is waited for, so that there must be a daemon.

    Raises SettingsError, SourceError, NoAnswerError; ReconcilerError where nobody would carry out what is waited for.
    """
    with ExitStack() as stack:
        if place.settings is None:
            yield stack.enter_context(place.client(_TIMEOUT, _PATIENCE))
            return
        lock, client = _find(place, place.settings)
        if client is not None:
            yield stack.enter_context(client)
            return
        if lock is not None:
            stack.callback(lock.release)
        yield stack.enter_context(_at_the_repository(place.settings, waits=waits))


@contextmanager
def _at_the_repository(settings: Settings, *, waits: bool) -> Iterator[Direct]:
    from reconciler.daemon.direct import open_directly

    none = f"no daemon works with {settings.state}"
    if waits:
        raise ReconcilerError(
            f"{none}, so that nothing would come of it now; start one with `reconciler run`, or leave out --wait"
        )
    typer.echo(f"{none}; committing to the repository directly", err=True)
    with open_directly(settings) as direct:
        yield direct


def _find(place: Where, settings: Settings) -> tuple[StateLock | None, Client | None]:
    """The daemon of the state folder; where nobody works with it, the lock on it instead.

    The address in the folder may be an old one, at which somebody else listens by now: it counts only while the lock is
    held, or cannot be told. Raises SettingsError when whoever holds it does not answer, or the folder is not ours.
    """
    until = time.monotonic() + _LOCK_SECONDS
    while True:
        client = _client(place)
        if client is not None and client.local:
            return None, client
        lock, refused = _lock(settings)
        if client is not None:
            if lock is None and client.alive():
                return None, client
            client.close()
        if lock is not None:
            return lock, None
        if refused is not None:
            raise refused
        if time.monotonic() > until:
            raise SettingsError(
                f"somebody works with {settings.state} and does not answer; try again when that has ended, or name "
                "the daemon with --server"
            )
        time.sleep(_PAUSE)


def _lock(settings: Settings) -> tuple[StateLock | None, SettingsError | None]:
    """The lock; or neither, while somebody has it; or why it cannot be told, as the folder is another user's."""
    from reconciler.daemon.direct import lock_alone

    try:
        return lock_alone(settings), None
    except SettingsError as error:
        return None, error


def _client(place: Where) -> Client | None:
    from reconciler.client import NoAnswerError

    try:
        return place.client(_TIMEOUT, _PATIENCE)
    except NoAnswerError:
        return None
