"""One request on its way through the gate."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from reconciler.models.text import visible
from reconciler.web.door.body import has_body
from reconciler.web.door.who import peer_of


class Visit:
    """A request and its answer: what is known of both, and what is put into the answer on its way out."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.receive = receive
        self._send = send
        self._begun = time.monotonic()
        self._extra: dict[str, str] = {}
        self._replay: deque[Message] = deque()
        #: Whether some of the body was not read yet.
        self.pending = has_body(self.headers)
        #: The answer's status; 0 before it began. Seconds until then.
        self.status, self.seconds = 0, 0.0

    @property
    def headers(self) -> Headers:
        """Of the request, as they are now."""
        return Headers(scope=self.scope)

    @property
    def peer(self) -> str:
        """The address at the other end, or `unix socket`."""
        return peer_of(self.scope) or "unix socket"

    @property
    def line(self) -> str:
        """Method and path for a log: one printable line."""
        return visible(f"{self.scope['method']} {self.scope['path']}")

    @property
    def route(self) -> str:
        """The template of the page's path, never the path itself; `other` where there is no such page."""
        return str(getattr(self.scope.get("route"), "path", "other"))

    def add(self, headers: Mapping[str, str]) -> None:
        """Headers for the answer."""
        self._extra.update(headers)

    def give(self, body: bytes) -> None:
        """The body was read: who asks for it gets it once more, then only whether the client is still there."""
        self.pending = False
        self._replay.append({"type": "http.request", "body": body, "more_body": False})

    async def read(self) -> Message:
        """`receive` for the pages."""
        return self._replay.popleft() if self._replay else await self.receive()

    async def send(self, message: Message) -> None:
        """`send` for the pages, and for refusals."""
        if message["type"] == "http.response.start":
            self.status, self.seconds = message["status"], time.monotonic() - self._begun
            headers = MutableHeaders(scope=message)
            for name, value in self._extra.items():
                headers.setdefault(name, value)
        await self._send(message)
