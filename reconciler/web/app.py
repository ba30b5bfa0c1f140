"""The pages that read the board. Handlers are plain functions: FastAPI runs them in its threads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import FastAPI, Header, Response

import reconciler
from reconciler.board import Board
from reconciler.metrics import Exporter, choose, gzipped, takes_gzip
from reconciler.web.logs import Outputs
from reconciler.web.ready import missing
from reconciler.web.sd import add_discovery
from reconciler.web.services import NoOutputs, add_services
from reconciler.web.shapes import ReadyShape, StatusShape
from reconciler.web.story import Output


def make_app(
    board: Board,
    clock: Callable[[], datetime],
    targets: tuple[str, ...],
    output: Output = lambda _workload: "",
    outputs: Outputs = NoOutputs(),  # noqa: B008 - it has no state
) -> FastAPI:
    """The application. `targets` are the names that must have had a turn before the daemon is ready.

    `output` gives the last lines that a workload wrote, for an explanation; `outputs` all that it wrote.
    """
    exporter = Exporter(board, clock)
    app = FastAPI(title="Reconciler", version=reconciler.__version__, docs_url=None, redoc_url=None)

    @app.get("/metrics", response_class=Response)
    def metrics(accept: Annotated[str, Header()] = "", accept_encoding: Annotated[str, Header()] = "") -> Response:
        """Prometheus metrics, made from the board now; in OpenMetrics, with exemplars, for who asks for it."""
        form = choose(accept)
        page, headers = exporter.page(form), {"Content-Type": form.value, "Vary": "Accept, Accept-Encoding"}
        if takes_gzip(accept_encoding):
            page, headers["Content-Encoding"] = gzipped(page), "gzip"
        return Response(page, headers=headers)

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        """200 while the process serves."""
        return {"status": "ok"}

    @app.get("/readyz")
    def readyz(response: Response) -> ReadyShape:
        """200 when the repository was read and every target had a turn, also where another daemon leads; or 503."""
        seen = board.status()
        lacking = missing(seen, targets)
        response.status_code = 503 if lacking else 200
        return ReadyShape.of(lacking, seen)

    @app.get("/status")
    def status() -> StatusShape:
        """The table, the targets and the repository as they stand."""
        return StatusShape.of(board.status(), board.changes())

    add_services(app, board, clock, targets, output, outputs)
    add_discovery(app, board, targets)
    return app
