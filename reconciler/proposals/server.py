"""The seed's interface: services are started and stopped by name, and each of that is a commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reconciler.board import Board
from reconciler.desired.load import Desired
from reconciler.models.proposal import Accepted, Asked, Proposal


class ServerService:
    """Starts, stops and lists services. Nothing here touches a cluster: a write is a commit, a read is of the board.

    `desired` gives the desired state in force (None before the first); `propose` is that of a Scribe; `usual` is who
    asks where a call names nobody. All methods may be called from several threads.
    """

    def __init__(
        self,
        board: Board,
        desired: Callable[[], Desired | None],
        propose: Callable[[Proposal], Accepted],
        usual: Asked,
    ) -> None:
        self._board = board
        self._desired = desired
        self._propose = propose
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
        asked: Asked | None = None,
    ) -> Accepted:
        """Propose a new service; a name that nobody else has is made of the recipe's where none is given.

        `spec`: more of the document's `spec:`, keys in camelCase. Raises as Scribe.propose does.
        """
        raise NotImplementedError(recipe_name, nodes, config, name, spec, labels, folder, asked)

    def update_service(
        self,
        service_id: str,
        spec: Mapping[str, Any] | None = None,
        labels: Mapping[str, str | None] | None = None,
        *,
        asked: Asked | None = None,
    ) -> Accepted:
        """Propose other values: a JSON merge patch on its `spec:`, and on its labels."""
        raise NotImplementedError(service_id, spec, labels, asked)

    def stop_service(self, service_id: str, *, asked: Asked | None = None) -> Accepted:
        """Propose that it is wanted no more; its data is kept as the operator's settings say."""
        raise NotImplementedError(service_id, asked)

    def restart_service(self, service_id: str, *, asked: Asked | None = None) -> Accepted:
        """Propose that it is restarted once."""
        raise NotImplementedError(service_id, asked)

    def suspend_service(self, service_id: str, *, asked: Asked | None = None) -> Accepted:
        """Propose that it is stopped and kept."""
        raise NotImplementedError(service_id, asked)

    def resume_service(self, service_id: str, *, asked: Asked | None = None) -> Accepted:
        """Propose that a suspended one runs again."""
        raise NotImplementedError(service_id, asked)
