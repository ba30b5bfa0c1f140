"""Proposals without a daemon: the verbs make the commits themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from reconciler.board import Board
from reconciler.daemon.build import make_feed
from reconciler.daemon.lock import StateLock
from reconciler.daemon.office import Office, myself
from reconciler.errors import SourceError
from reconciler.models.proposal import Asked
from reconciler.proposals import ServerService
from reconciler.settings import Settings
from reconciler.shapes.proposals import AcceptedShape


def lock_alone(settings: Settings) -> StateLock | None:
    """The lock on the state folder, to be released; None while somebody else works with it. Raises SettingsError."""
    lock = StateLock(settings.state)
    if lock.acquire_now():
        return lock
    lock.release()
    return None


@contextmanager
def open_directly(settings: Settings) -> Iterator[Direct]:
    """The writing half of the seed's interface, for who holds the lock on the state folder.

    Raises SettingsError, or SourceError when the repository cannot be read.
    """
    board = Board()
    with make_feed(settings, board) as (source, feed):
        feed.refresh()
        if feed.desired is None:
            raise SourceError(board.status().source.error)
        office, usual = Office(settings, board), myself("command line")
        office.open(source, feed, lambda: None)
        yield Direct(ServerService(board, office.desired, office.propose, usual), usual)


class Direct:
    """The writing half of a client, on the repository itself."""

    def __init__(self, service: ServerService, usual: Asked) -> None:
        self._service = service
        self._usual = usual

    def start_service(
        self,
        recipe_name: str,
        nodes: int = 1,
        config: Mapping[str, Any] | None = None,
        name: str | None = None,
        *,
        spec: Mapping[str, Any] | None = None,
        labels: Mapping[str, str] | None = None,
        folder: str = "",
        **how: Any,
    ) -> AcceptedShape:
        """See Client."""
        asked = self._asked(**how)
        accepted = self._service.start_service(
            recipe_name, nodes, config, name, spec=spec, labels=labels, folder=folder, asked=asked
        )
        return AcceptedShape.of(accepted)

    def update_service(
        self,
        service_id: str,
        spec: Mapping[str, Any] | None = None,
        labels: Mapping[str, str | None] | None = None,
        **how: Any,
    ) -> AcceptedShape:
        """See Client."""
        return AcceptedShape.of(self._service.update_service(service_id, spec, labels, asked=self._asked(**how)))

    def stop_service(self, service_id: str, **how: Any) -> AcceptedShape:
        """See Client."""
        return AcceptedShape.of(self._service.stop_service(service_id, asked=self._asked(**how)))

    def restart_service(self, service_id: str, **how: Any) -> AcceptedShape:
        """See Client."""
        return AcceptedShape.of(self._service.restart_service(service_id, asked=self._asked(**how)))

    def suspend_service(self, service_id: str, **how: Any) -> AcceptedShape:
        """See Client."""
        return AcceptedShape.of(self._service.suspend_service(service_id, asked=self._asked(**how)))

    def resume_service(self, service_id: str, **how: Any) -> AcceptedShape:
        """See Client."""
        return AcceptedShape.of(self._service.resume_service(service_id, asked=self._asked(**how)))

    def _asked(self, *, reason: str = "", key: str = "", direct: bool = False) -> Asked:
        return Asked(self._usual.caller, reason, key, direct)
