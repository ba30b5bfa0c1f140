"""Server-sent events as answers: how one is written, sent and documented."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import Any

from fastapi.responses import StreamingResponse
from pydantic import TypeAdapter
from starlette.types import Send

EVENT_STREAM = "text/event-stream"
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


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
