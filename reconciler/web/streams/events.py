"""What happens, as it happens: /events."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import FastAPI, Header, Query, Request

from reconciler.board import Board
from reconciler.shapes.events import EVENTS
from reconciler.web.problems import problems
from reconciler.web.streams.following import BEGIN, Choice, Follower
from reconciler.web.streams.sse import Streamed, documented
from reconciler.web.streams.waking import Streams

Pattern = Annotated[str, Query(pattern=r"^[-a-z0-9*?]+$", max_length=63)]
Named = Literal["service", "removed", "revision", "target", "proposal"]

_SERVICES = "Only what is about these services: names, or patterns (`bench-*`)."
_TARGETS = "Only what is about these targets: names, or patterns."
_KINDS = "Only events of these kinds. What is about no service or no target passes the other filters if it is named."
_AFTER = "Go on after this event; the header `Last-Event-ID`, which browsers send by themselves, comes first."
_LAST = "Go on after this event. Where it is of another run of the daemon, all that is comes first."
_SNAPSHOT = "Begin with everything as it stands: `reset`, then one event each."
_EXAMPLE = """retry: 2000
id: 5f0c2a9e-41

id: 5f0c2a9e-42
event: removed
data: {"kind":"removed","at":"2026-11-30T08:01:10Z","service":"llama","target":"slurm",\
"before":{"state":"Running","health":"Healthy"}}

"""


def add_events(app: FastAPI, board: Board, streams: Streams) -> None:
    """Add the page."""
    follower = Follower(board, streams)

    @app.get(
        "/events",
        tags=["events"],
        summary="What happens, as it happens",
        response_class=Streamed,
        responses=documented("Server-sent events, without end.", EVENTS, _EXAMPLE) | problems(429, 503),
    )
    async def follow_events(
        request: Request,
        service: Annotated[list[Pattern], Query(max_length=100, description=_SERVICES)] = [],  # noqa: B006 - copied
        target: Annotated[list[Pattern], Query(max_length=100, description=_TARGETS)] = [],  # noqa: B006 - copied
        kind: Annotated[list[Named], Query(max_length=10, description=_KINDS)] = [],  # noqa: B006 - copied
        after: Annotated[str, Query(max_length=100, description=_AFTER)] = "",
        last_event_id: Annotated[str, Header(max_length=100, description="Go on after this event.")] = "",
        *,
        snapshot: Annotated[bool, Query(description=_SNAPSHOT)] = False,
    ) -> Streamed:
        """Server-sent events: what happens from now on, or since an event that was seen.

        Each has an `id`, an `event` (its kind) and one line of JSON as `data`. Where the daemon cannot go on after the
        event that was seen (it was started anew, or too much happened since), `reset` says so and all that is follows.
        An event with an `id` alone is none: it only moves the place from which to go on. Comments keep the connection.
        """
        streams.open(request)
        seen = last_event_id or after
        place = follower.place(seen) if seen else BEGIN if snapshot else follower.here()
        return Streamed(follower.follow(Choice(tuple(service), tuple(target), tuple(kind)), place))
