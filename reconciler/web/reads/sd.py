"""`/sd`: service discovery for Prometheus (http_sd)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import FastAPI, HTTPException, Query, Response

from reconciler.board import Board
from reconciler.discovery import lacking, probe_groups, scrape_groups, text_of
from reconciler.web.problems import problems

What = Literal["metrics", "probes"]
_GROUP = {
    "type": "object",
    "required": ["targets", "labels"],
    "properties": {
        "targets": {"type": "array", "items": {"type": "string"}},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
_EXAMPLE = [{"targets": ["n1:20000"], "labels": {"service": "llama", "__metrics_path__": "/metrics"}}]
_JSON = {"schema": {"type": "array", "items": _GROUP}, "example": _EXAMPLE}
_GROUPS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Target groups.", "content": {"application/json": _JSON}}
}


def add_discovery(app: FastAPI, board: Board, targets: tuple[str, ...]) -> None:
    """Add the page to the application. `targets` are those that must have been seen before there is a list."""

    @app.get(
        "/sd",
        response_class=Response,
        tags=["daemon"],
        summary="Service discovery for Prometheus",
        responses=_GROUPS | problems(404, 503),
    )
    def sd(
        what: Annotated[What, Query(alias="for", description="Their own metrics, or all their ports.")] = "metrics",
        target: Annotated[str, Query(description="Only of this target.")] = "",
        recipe: Annotated[str, Query(description="Only of this recipe.")] = "",
    ) -> Response:
        """Where the services' own metrics are, or (`for=probes`) all their ports; of one target or recipe if asked.

        503 while a target in question has not been seen since the daemon's start: Prometheus keeps the list that it
        has. 404 for a target that is none.
        """
        if target and target not in targets:
            raise HTTPException(404, f"there is no target {target[:100]!r}; there are {', '.join(targets)}")
        status = board.status()
        if missing := lacking(status, (target,) if target else targets):
            raise HTTPException(503, f"{'; '.join(missing)}; ask again, and keep the list until then")
        groups = probe_groups if what == "probes" else scrape_groups
        return Response(text_of(groups(status, target, recipe)), media_type="application/json")
