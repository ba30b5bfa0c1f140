"""A request that is not let in, and how it is told so: a problem document, also where its body is still under way."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.types import Receive, Scope, Send

from reconciler.shapes.problem import Kind
from reconciler.web.problems import answer

#: Seconds that an answer waits for a body that nobody will read, and most messages of it. Without this, what is still
#: on its way would meet a closed socket, and the reset would take the answer from the client's hands.
_DRAIN_SECONDS = 1.0
_DRAIN_MESSAGES = 64


class RefusalError(Exception):
    """Not let in. `reason` is one of a few words, for counters and audit lines; `detail` is for who asks."""

    def __init__(self, kind: Kind, reason: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.reason = reason
        self.detail = detail
        self.headers = dict(headers or {})


class GoneError(Exception):
    """The client went away in the middle of its request: nobody is there to be answered."""


async def refuse(error: RefusalError, scope: Scope, receive: Receive, send: Send, *, pending: bool) -> None:
    """Answer with the problem. `pending`: some of the request's body was not read, so the connection ends with it."""
    headers = error.headers | ({"Connection": "close"} if pending else {})
    response = answer(error.kind, error.detail, scope["path"], headers=headers)
    await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
    # The client has all of the answer now (it knows its length); it may go on sending until it has read it.
    await send({"type": "http.response.body", "body": response.body, "more_body": pending})
    if pending:
        await _drain(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _drain(receive: Receive) -> None:
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            for _ in range(_DRAIN_MESSAGES):
                message = await receive()
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return
