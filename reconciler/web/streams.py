"""Streams of server-sent events: all who follow the board are woken together, in the server's own loop.

Nobody has a thread or a queue of its own: who is woken looks at the board from where it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Callable
from typing import Any

from fastapi import Request
from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter
from starlette.types import Send

from reconciler.board import Board
from reconciler.web.door.watchers import watching

#: Seconds without news until a comment is sent, so that whoever is between us does not cut the connection.
BEAT = 15.0
#: Seconds between a post and the wake-up: posts that come together make one.
_TOGETHER = 0.02

EVENT_STREAM = "text/event-stream"
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Streams:
    """Wakes those who wait in the server's loop whenever something was posted, and ends them with the daemon."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tick = asyncio.Event()
        self._lock = threading.Lock()
        self._rung = False
        self.closing = False

    def open(self, request: Request) -> None:
        """Before anybody waits: in the server's loop. Raises HTTPException (429) when there are too many streams."""
        watching(request)
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._board.subscribe(self._ring)
            request.app.state.watchers.at_end(self._end)
        if loop is not self._loop:
            self._loop, self._tick, self._rung = loop, asyncio.Event(), False

    def tick(self) -> asyncio.Event:
        """What is set at the next post. Take it, look at the board, then wait for it: nothing is missed."""
        return self._tick

    async def wait(self, tick: asyncio.Event, seconds: float) -> bool:
        """Wait for a post, for the end of the daemon, or so long; whether it was not for the time."""
        try:
            async with asyncio.timeout(seconds):
                await tick.wait()
        except TimeoutError:
            return False
        return True

    async def rest(self, seconds: float) -> bool:
        """Wait so long, whatever is posted; True at once when the daemon ends."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not self.closing and (left := until - loop.time()) > 0:
            await self.wait(self._tick, left)
        return self.closing

    def close(self) -> None:
        """The daemon stops: all streams end by themselves. From any thread."""
        self.closing = True
        self._call(self._wake)

    def _end(self) -> None:
        self.closing = True
        self._wake()

    def _ring(self) -> None:
        """Something was posted, by this thread."""
        with self._lock:
            if self._rung:
                return
            self._rung = True
        self._call(self._soon)

    def _call(self, what: Callable[[], None]) -> None:
        """Do it in the server's loop, where that still runs."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(what)

    def _soon(self) -> None:
        asyncio.get_running_loop().call_later(_TOGETHER, self._wake)

    def _wake(self) -> None:
        with self._lock:
            self._rung = False
        tick, self._tick = self._tick, asyncio.Event()
        tick.set()


class Streamed(StreamingResponse):
    """An answer in parts, which ends with its reader. It is never kept, packed or held back on its way."""

    media_type = EVENT_STREAM

    def __init__(self, parts: AsyncGenerator[bytes], status_code: int = 200, media_type: str = EVENT_STREAM) -> None:
        super().__init__(parts, status_code, _HEADERS, media_type)
        self._parts = parts

    async def stream_response(self, send: Send) -> None:
        """Send all parts; what makes them is told when nobody takes them any more."""
        async with contextlib.aclosing(self._parts):
            await super().stream_response(send)


def block(kind: str, data: str, identity: str = "") -> bytes:
    """One event. `data` has no newline; `identity` is where to go on after it."""
    head = f"id: {identity}\n" if identity else ""
    return f"{head}event: {kind}\ndata: {data}\n\n".encode()


def documented(words: str, data: TypeAdapter[Any], example: str) -> dict[int | str, dict[str, Any]]:
    """For `responses=` of a route: a stream of events whose `data:` is JSON that the adapter reads."""
    content = {"type": "string", "contentMediaType": "application/json", "contentSchema": _whole(data.json_schema())}
    # A schema of a stream is that of each event, as OpenAPI 3.2 has made it for `itemSchema`.
    text = {"type": "string"}
    schema = {"type": "object", "required": ["data"], "properties": {"id": text, "event": text, "data": content}}
    return {200: {"description": words, "content": {EVENT_STREAM: {"schema": schema, "example": example}}}}


def _whole(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without references: what they name is put in their place."""
    known = schema.pop("$defs", {})

    def put(part: Any) -> Any:
        match part:
            case {"$ref": str(reference)}:
                return put(known[reference.rpartition("/")[2]])
            case dict():
                return {key: put(value) for key, value in part.items() if key != "discriminator"}
            case list():
                return [put(each) for each in part]
            case _:
                return part

    found: dict[str, Any] = put(schema)
    return found
