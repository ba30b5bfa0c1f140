"""The application: all pages behind one gate. Handlers that wait are plain functions: FastAPI runs them in threads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fastapi import Depends, FastAPI

import reconciler
from reconciler.board import Board
from reconciler.proposals import ServerService
from reconciler.settings import HttpSettings
from reconciler.shapes.logs import Outputs
from reconciler.shapes.story import LastLines
from reconciler.web.door.gate import add_gate
from reconciler.web.openapi import DESCRIPTION, TAGS, Api, operation_id
from reconciler.web.problems import add_problems
from reconciler.web.reads.basics import add_basics
from reconciler.web.reads.known import known_on
from reconciler.web.reads.plans import add_plans
from reconciler.web.reads.recipes import add_recipes
from reconciler.web.reads.sd import add_discovery
from reconciler.web.reads.services import add_services
from reconciler.web.reads.story import add_story
from reconciler.web.streams.events import add_events
from reconciler.web.streams.logs import NoOutputs, add_logs
from reconciler.web.streams.waking import Streams
from reconciler.web.strict import check_parameters
from reconciler.web.writes.services import add_writes


def make_app(
    board: Board,
    clock: Callable[[], datetime],
    targets: tuple[str, ...],
    output: LastLines = lambda _workload: "",
    outputs: Outputs = NoOutputs(),  # noqa: B008 - it has no state
    *,
    service: ServerService | None = None,
    http: HttpSettings = HttpSettings(),  # noqa: B008 - it is frozen
) -> FastAPI:
    """The application. `targets` are the names that must have had a turn before the daemon is ready.

    `output` gives the last lines that a workload wrote, for an explanation; `outputs` all that it wrote. `service`
    takes proposals; without one there is nothing to write to. `http` says who may ask for what.
    """
    app = Api(
        title="Reconciler",
        version=reconciler.__version__,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        generate_unique_id_function=operation_id,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(check_parameters)],
    )
    app.state.streams = streams = Streams(board)
    add_basics(app, board, clock, targets)
    known = known_on(board, targets)
    add_story(app, board, clock, known, output)
    add_logs(app, board, known, outputs, streams)
    add_discovery(app, board, targets)
    add_recipes(app, service)
    add_services(app, board, service)
    add_plans(app, board, targets)
    add_writes(app, board, service, streams, clock, targets)
    add_events(app, board, streams)
    add_problems(app)
    add_gate(app, board, http, clock)
    return app
