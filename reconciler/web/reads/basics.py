"""The pages that every daemon of this kind has: /metrics, /healthz, /readyz, and the whole table at /status."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import FastAPI, Header, Response

from reconciler.board import Board
from reconciler.metrics import Exporter, Form, choose, gzipped, takes_gzip
from reconciler.shapes.status import ReadyShape, StatusShape
from reconciler.web.reads.ready import missing

_METRICS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The page, in the form that is asked for.",
        "content": {
            form.value: {"schema": {"type": "string"}, "example": "reconciler_build_info 1\n"} for form in Form
        },
    }
}
_NOT_READY: dict[int | str, dict[str, Any]] = {503: {"model": ReadyShape, "description": "What is still missing."}}


def add_basics(app: FastAPI, board: Board, clock: Callable[[], datetime], targets: tuple[str, ...]) -> None:
    """Add the pages. `targets` are the names that must have had a turn before the daemon is ready."""
    exporter = Exporter(board, clock)

    @app.get("/metrics", response_class=Response, tags=["daemon"], summary="Metrics for Prometheus", responses=_METRICS)
    def metrics(
        accept: Annotated[str, Header(description="OpenMetrics for who asks for it.")] = "",
        accept_encoding: Annotated[str, Header(description="`gzip` for a page at a thirtieth of its size.")] = "",
    ) -> Response:
        """Prometheus metrics, made from the board now; in OpenMetrics, with exemplars, for who asks for it."""
        form = choose(accept)
        page, headers = exporter.page(form), {"Content-Type": form.value, "Vary": "Accept, Accept-Encoding"}
        if takes_gzip(accept_encoding):
            page, headers["Content-Encoding"] = gzipped(page), "gzip"
        return Response(page, headers=headers)

    @app.get("/healthz", tags=["daemon"], summary="Whether the process serves")
    def healthz() -> dict[str, str]:
        """200 while the process serves."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["daemon"], summary="Whether the pages can tell everything", responses=_NOT_READY)
    def readyz(response: Response) -> ReadyShape:
        """200 when the repository was read and every target had a turn, also where another daemon leads; or 503."""
        seen = board.status()
        lacking = missing(seen, targets)
        response.status_code = 503 if lacking else 200
        return ReadyShape.of(lacking, seen)

    @app.get("/status", tags=["daemon"], summary="Everything as it stands")
    def status() -> StatusShape:
        """The whole table, the targets and the repository. `/services` has the table by pages and filters."""
        return StatusShape.of(board.status(), board.changes())
