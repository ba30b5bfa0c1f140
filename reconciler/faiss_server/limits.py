"""How much a client may send."""

from __future__ import annotations

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Bytes of one request's body: 10,000 vectors of 400 numbers as text.
MAX_BODY = 32 * 2**20
#: Vectors in one request that adds, and ids in one that deletes.
MAX_VECTORS = 10_000
#: Queries in one search.
MAX_QUERIES = 1_000
#: Neighbours for each query.
MAX_K = 1_000


class BodyLimit:
    """ASGI middleware that answers 413 once a body has more than `limit` bytes, announced or not."""

    def __init__(self, app: ASGIApp, limit: int = MAX_BODY) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counting what comes in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._limit:
                raise HTTPException(413, f"the body is larger than {self._limit} bytes")
            return message

        await self._app(scope, counted, send)
