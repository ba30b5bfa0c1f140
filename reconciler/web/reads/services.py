"""What is wanted and how it stands: /services, /services/{name}, its endpoint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import FastAPI, Header, HTTPException, Path, Query, Request, Response

from reconciler.board import Board
from reconciler.desired.load import Desired
from reconciler.proposals import ServerService
from reconciler.shapes.detail import ServiceDetail, detail
from reconciler.shapes.endpoint import EndpointShape, endpoint
from reconciler.shapes.services import ServicePage, ServiceQuery, select
from reconciler.shapes.young import is_young
from reconciler.web.problems import problems
from reconciler.web.reads.etags import ETags

ServiceName = Annotated[str, Path(description="The service's name, which is its id.", examples=["llama"])]
_TAG = {"schema": {"type": "string"}, "description": "Send it as If-None-Match; 304 while nothing changed."}
_NEXT = {"schema": {"type": "string"}, "description": 'The next page, `rel="next"`, where there is one.'}
_UNCHANGED: dict[str, Any] = {"description": "Nothing has changed since the answer with this tag."}
_DOCUMENTED: dict[int | str, dict[str, Any]] = {200: {"headers": {"ETag": _TAG, "Link": _NEXT}}, 304: _UNCHANGED}


def add_services(app: FastAPI, board: Board, service: ServerService | None) -> None:
    """Add the pages. They are made of the board, and of the desired state in force where there is a `service`."""
    _add_list(app, board)
    _add_one(app, board, lambda: service.desired if service else None)


def _add_list(app: FastAPI, board: Board) -> None:
    etags = ETags()

    @app.get(
        "/services",
        tags=["services"],
        summary="List services",
        response_model=ServicePage,
        responses=_DOCUMENTED,
    )
    def list_services(
        request: Request,
        query: Annotated[ServiceQuery, Query()],
        if_none_match: Annotated[str, Header(max_length=1000, description="An ETag of an earlier answer.")] = "",
    ) -> Response:
        """The services that fit all filters, by name and target, one page at a time.

        A service that moves from one target to another has a line on each.
        """
        moment, changes = board.moment(), board.changes()

        def page() -> tuple[bytes, str]:
            chosen = select(moment.status, changes, query)
            return chosen.model_dump_json().encode(), _next(query, chosen)

        return etags.answer(moment.version, request.scope["query_string"], if_none_match, page)


def _add_one(app: FastAPI, board: Board, desired: Callable[[], Desired | None]) -> None:
    @app.get("/services/{name}", tags=["services"], summary="Show one service", responses=problems(404))
    def get_service(name: ServiceName) -> ServiceDetail:
        """One service: as it stands in Git, as it is seen on each target, its health, endpoints and last verdicts."""
        status = board.status()
        history = {one.target: board.history(name, one.target) for one in board.find(name)}
        return detail(name, status, board.views(), history, desired(), young=is_young(board, name))

    @app.get(
        "/services/{name}/endpoint",
        tags=["services"],
        summary="Where a service is reached",
        responses=problems(404, 503),
    )
    def get_endpoint(
        name: ServiceName,
        port: Annotated[str, Query(max_length=63, description="Only this port.", examples=["http"])] = "",
    ) -> EndpointShape:
        """Addresses of its instances that are ready, by port; 503 with the reason while there is none."""
        found, why = endpoint(name, port, board.status(), desired(), young=is_young(board, name))
        if found is None:
            raise HTTPException(503, why)
        return found


def _next(query: ServiceQuery, page: ServicePage) -> str:
    """The header `Link` for the page after this one; "" on the last."""
    if not page.next:
        return ""
    words = query.model_dump(mode="json", exclude_defaults=True) | {"after": page.next}
    return f'</services?{urlencode(words, doseq=True)}>; rel="next"'
