"""The seed's interface: services are started and stopped by name, and each of that is a commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from reconciler.board import Board
from reconciler.desired.load import Desired
from reconciler.errors import Complaint, InputError
from reconciler.metrics import utc_now
from reconciler.models.proposal import (
    Accepted,
    Asked,
    Proposal,
    Request,
    Restart,
    Resume,
    Start,
    Stop,
    Suspend,
    Update,
)
from reconciler.proposals.names import restart_value, service_name
from reconciler.proposals.reading import Reading


class ServerService(Reading):
    """Starts, stops and lists services. Nothing here touches a cluster: a write is a commit, a read is of the board.

    `desired` gives the desired state in force (None before the first); `propose` is that of a Scribe; `usual` is who
    asks where a call names nobody; `in_force` says whether the desired state in force has a commit, by its id. All
    methods may be called from several threads.
    """

    def __init__(
        self,
        board: Board,
        desired: Callable[[], Desired | None],
        propose: Callable[[Proposal], Accepted],
        usual: Asked,
        clock: Callable[[], datetime] = utc_now,
        in_force: Callable[[str], bool] = bool,
    ) -> None:
        super().__init__(board, desired)
        self.is_in_force = in_force
        self._propose = propose
        self._usual = usual
        self._clock = clock

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

        `config` are the recipe's parameters, `spec` more of the document's `spec:`, keys in camelCase. Raises as
        Scribe.propose does.
        """
        asked = asked or self._usual
        given = {"recipe": recipe_name, "nodes": nodes, "config": dict(config or {})}
        whole = together({key: value for key, value in given.items() if value not in (1, {})}, spec or {})
        name = service_name(recipe_name, asked) if name is None else name
        return self._ask(Start(name, whole, dict(labels or {}), folder), asked)

    def update_service(
        self,
        service_id: str,
        spec: Mapping[str, Any] | None = None,
        labels: Mapping[str, str | None] | None = None,
        *,
        asked: Asked | None = None,
    ) -> Accepted:
        """Propose other values: a JSON merge patch on its `spec:`, and on its labels; None takes a value away."""
        return self._ask(Update(service_id, dict(spec or {}), dict(labels or {})), asked)

    def stop_service(self, service_id: str, *, asked: Asked | None = None) -> Accepted:
        """Propose that it is wanted no more; its data is kept as the operator's settings say."""
        return self._ask(Stop(service_id), asked)

    def restart_service(self, service_id: str, *, asked: Asked | None = None) -> Accepted:
        """Propose that it is restarted once."""
        value = restart_value(asked or self._usual, self._clock())
        return self._ask(Restart(service_id, value), asked)

    def suspend_service(self, service_id: str, *, asked: Asked | None = None) -> Accepted:
        """Propose that it is stopped and kept."""
        return self._ask(Suspend(service_id), asked)

    def resume_service(self, service_id: str, *, asked: Asked | None = None) -> Accepted:
        """Propose that a suspended one runs again."""
        return self._ask(Resume(service_id), asked)

    def _ask(self, request: Request, asked: Asked | None) -> Accepted:
        return self._propose(Proposal(request, asked or self._usual))


def together(given: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """A `spec:` with what is given beside it. Raises InputError where the two do not agree."""
    twice = [key for key, value in given.items() if key in spec and spec[key] != value]
    if twice:
        problem, fix = "is given twice, with different values", "say it once"
        raise InputError([Complaint("request", 0, 0, f"spec.{key}", problem, fix=fix) for key in twice])
    return {**given, **spec}
