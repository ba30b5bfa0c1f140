"""Changes that are asked for: each becomes a commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter

from reconciler.board import Board
from reconciler.errors import SourceError
from reconciler.models.proposal import Accepted, Asked
from reconciler.proposals import ServerService
from reconciler.proposals.server import together
from reconciler.shapes.endpoint import lines_of
from reconciler.shapes.proposals import AcceptedShape, PatchBody, ReasonBody, StartBody
from reconciler.shapes.waiting import DoneShape, StandingShape, Until
from reconciler.shapes.young import is_young, unread
from reconciler.web.problems import problems
from reconciler.web.streams.sse import Streamed, documented
from reconciler.web.streams.waking import Streams
from reconciler.web.writes.asking import Asking, Gone, Healthy, Room, Timeout, seconds_of
from reconciler.web.writes.waiting import Waiting, Wish

Reason = Annotated[str, Query(max_length=200, description="Why, in one line, for the commit.")]
Awaited = Annotated[Until, Query(description="What is waited for.")]
Commit = Annotated[
    str,
    Query(
        pattern="^[0-9a-f]{40}$", description="The commit that must be in force; the last one of the API when empty."
    ),
]

_STREAM = """event: accepted
data: {"service":"llama","commit":"4dd4d8b5c149a8f2a5a3c0b1d7e6f9081a2b3c4d",…}

event: verdict
data: {"service":"llama","target":"slurm","state":"Pending","health":"Pending","why":"waits for resources",…}

event: done
data: {"service":"llama","until":"healthy","reached":true,"healthy":true,"why":""}

"""
_WAITED = documented("", TypeAdapter(AcceptedShape | StandingShape | DoneShape), _STREAM)[200]["content"]
_PATCH = {"schema": {"$ref": "#/components/schemas/PatchBody"}}
_MERGE_PATCH = {"requestBody": {"content": {"application/merge-patch+json": _PATCH}}}


def add_writes(
    app: FastAPI,
    board: Board,
    service: ServerService | None,
    streams: Streams,
    clock: Callable[[], datetime],
    targets: tuple[str, ...],
) -> None:
    """Add the pages. `targets` are the names of all that there are."""
    writes = _Writes(service, Waiting(board, service, streams, clock, targets) if service else None)
    _add_start_and_stop(app, writes)
    _add_changes(app, writes)
    _add_wait(app, board, writes)


def _route(summary: str, *codes: int, waits: bool = True, **more: Any) -> dict[str, Any]:
    """What the routes that write have in common."""
    also = {"content": _WAITED} if waits else {}
    accepted = {"description": "It is in the repository.", **also}
    unchanged = {"description": "The repository said so already.", "model": AcceptedShape, **also}
    responses = {202: accepted, 200: unchanged, **problems(*codes, 409, 503)}
    return {
        "tags": ["services"],
        "summary": summary,
        "status_code": 202,
        "response_model": AcceptedShape,
        "responses": responses,
        **more,
    }


def _add_start_and_stop(app: FastAPI, writes: _Writes) -> None:
    @app.post("/services", **_route("Start a service"))
    def start_service(body: StartBody, asked: Asking, wait: Healthy) -> Response:
        """A new file in the repository; the service runs once it is in force."""
        spec = together({key: getattr(body, key) for key in ("target", "replicas") if _has(body, key)}, body.spec)
        return writes.carry_out(
            lambda service, asked: service.start_service(
                body.recipe_name,
                body.nodes,
                body.config,
                body.name,
                spec=spec,
                labels=body.labels,
                folder=body.folder,
                asked=asked,
            ),
            replace(asked, reason=body.reason),
            "healthy",
            wait,
        )

    @app.delete("/services/{name}", **_route("Stop a service", 404))
    def stop_service(name: str, asked: Asking, wait: Gone, reason: Reason = "") -> Response:
        """It is wanted no more: its document goes from Git. Its data stays as the operator's settings say."""
        asked = replace(asked, reason=reason)
        return writes.carry_out(lambda service, asked: service.stop_service(name, asked=asked), asked, "gone", wait)


def _add_changes(app: FastAPI, writes: _Writes) -> None:
    @app.patch("/services/{name}", **_route("Change a service", 404, openapi_extra=_MERGE_PATCH))
    def update_service(name: str, body: PatchBody, asked: Asking, wait: Healthy) -> Response:
        """A JSON merge patch (RFC 7396): what is named changes, null takes away, all else stays as it is."""
        keys = ("nodes", "replicas", "target", "config")
        spec = together({key: getattr(body, key) for key in keys if key in body.model_fields_set}, body.spec)
        return writes.carry_out(
            lambda service, asked: service.update_service(name, spec, body.labels, asked=asked),
            replace(asked, reason=body.reason),
            "healthy",
            wait,
        )

    @app.post("/services/{name}/restart", **_route("Restart a service", 404))
    def restart_service(name: str, asked: Asking, wait: Healthy, body: ReasonBody = _NONE) -> Response:
        """All of its replicas are replaced once, as its rollout says."""
        asked = replace(asked, reason=body.reason)
        return writes.carry_out(
            lambda service, asked: service.restart_service(name, asked=asked), asked, "healthy", wait
        )

    @app.post("/services/{name}/suspend", **_route("Suspend a service", 404, waits=False))
    def suspend_service(name: str, asked: Asking, body: ReasonBody = _NONE) -> Response:
        """It is stopped, and stays in the repository."""
        asked = replace(asked, reason=body.reason)
        return writes.carry_out(lambda service, asked: service.suspend_service(name, asked=asked), asked)

    @app.post("/services/{name}/resume", **_route("Resume a service", 404))
    def resume_service(name: str, asked: Asking, wait: Healthy, body: ReasonBody = _NONE) -> Response:
        """A suspended service runs again."""
        asked = replace(asked, reason=body.reason)
        return writes.carry_out(
            lambda service, asked: service.resume_service(name, asked=asked), asked, "healthy", wait
        )


def _add_wait(app: FastAPI, board: Board, writes: _Writes) -> None:
    @app.get(
        "/services/{name}/wait",
        tags=["services"],
        summary="Wait for a service",
        response_class=StreamingResponse,
        responses={200: {"description": "How far it is, until the end.", "content": _WAITED}, **problems(404, 503)},
    )
    async def wait_for_service(
        request: Request, name: str, until: Awaited = "healthy", commit: Commit = "", timeout: Timeout = "10m"
    ) -> Response:
        """Events `verdict` whenever it stands otherwise, and `done`, until it is healthy, or gone, or will not be."""
        if not commit:
            last = unread(board, name)
            commit = last.accepted.commit if last else ""
            lines_of(name, board.status(), writes.service.desired, young=is_young(board, name))
        streams: Streams = request.app.state.streams
        streams.open(request)
        return Streamed(writes.waiting.follow(Wish(name, until, seconds_of(timeout), commit)))


_NONE = ReasonBody()


class _Writes:
    """Carries out what is asked for, and answers."""

    def __init__(self, service: ServerService | None, waiting: Waiting | None) -> None:
        self._service = service
        self._waiting = waiting
        self._room = Room()

    @property
    def service(self) -> ServerService:
        """Raises SourceError where there is none."""
        if self._service is None:
            raise SourceError("this daemon has no repository to write to")
        return self._service

    @property
    def waiting(self) -> Waiting:
        """Raises SourceError where there is none."""
        if self._waiting is None:
            raise SourceError("this daemon has no repository to follow")
        return self._waiting

    def carry_out(
        self,
        propose: Callable[[ServerService, Asked], Accepted],
        asked: Asked,
        until: Until = "healthy",
        seconds: float | None = None,
    ) -> Response:
        """Propose it; the answer, which goes on for so many seconds where that is wished."""
        with self._room.taken():
            accepted = AcceptedShape.of(propose(self.service, asked))
        status = 202 if accepted.changed else 200
        headers = {"Location": accepted.service_url}
        if seconds is None:
            return Response(accepted.model_dump_json(), status, headers, "application/json")
        wish = Wish(accepted.service, until, seconds, accepted.commit)
        answer = Streamed(self.waiting.follow(wish, accepted))
        answer.status_code = status
        answer.headers.update(headers)
        return answer


def _has(body: StartBody, key: str) -> bool:
    return getattr(body, key) is not None
