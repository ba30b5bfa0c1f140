"""The pages that read the board. Handlers are plain functions: FastAPI runs them in its threads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import FastAPI, Header, HTTPException, Response

import reconciler
from reconciler.board import Board
from reconciler.explain import tell, unknown
from reconciler.metrics import Exporter, choose, gzipped, takes_gzip
from reconciler.models.status import Status
from reconciler.models.text import visible
from reconciler.web.sd import add_discovery
from reconciler.web.shapes import ReadyShape, StatusShape
from reconciler.web.story import Output, StoryShape


def make_app(
    board: Board, clock: Callable[[], datetime], targets: tuple[str, ...], output: Output = lambda _workload: ""
) -> FastAPI:
    """The application. `targets` are the names that must have had a turn before the daemon is ready.

    `output` gives the last lines that a workload wrote, for an explanation.
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
        missing = _missing(seen, targets)
        response.status_code = 503 if missing else 200
        return ReadyShape.of(missing, seen)

    @app.get("/status")
    def status() -> StatusShape:
        """The table, the targets and the repository as they stand."""
        return StatusShape.of(board.status())

    @app.get("/services/{name}/explain")
    def explain(name: str) -> list[StoryShape]:
        """The story of one service, on each target that knows it; 404 says which names are near."""
        seen = board.status()
        stories = tell(seen, board.views(), name, clock())
        if not stories:
            raise HTTPException(404, "; ".join([unknown(seen, name), *_missing(seen, targets)]))
        return [StoryShape.of(story, output) for story in stories]

    add_discovery(app, board, targets)
    return app


def _missing(status: Status, targets: tuple[str, ...]) -> list[str]:
    missing = [f"target {name} had no turn yet" for name in targets if name not in status.targets]
    if status.source.revision is None:
        missing.insert(0, f"the repository was not read yet: {visible(status.source.error) or 'first fetch under way'}")
    return missing
