"""A reader of server-sent events over a plain socket, that reads just as much as it is told to."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

_PATIENCE = 60.0


@dataclass(frozen=True)
class Told:
    """One block of a stream: an event, or a comment, or a new place."""

    event: str = ""
    id: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    comment: str = ""

    @property
    def number(self) -> int:
        return int(self.id.rpartition("-")[2])


class Reader:
    """An open stream. `window` is the size of the receive buffer, for a reader that lags."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None, window: int = 0) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_PATIENCE)
        if window:
            made = socket.socket()
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
            made.settimeout(_PATIENCE)
            made.connect((parts.hostname, parts.port))
            self._connection.sock = made
        self._connection.request("GET", f"{parts.path}?{parts.query}", headers=dict(headers or {}))
        self.answer = self._connection.getresponse()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.answer.close()
        self._connection.close()

    def blocks(self) -> Iterator[Told]:
        """All blocks until the stream ends."""
        lines: list[str] = []
        while line := self.answer.readline():
            text = line.decode().rstrip("\n")
            if text:
                lines.append(text)
            else:
                yield _told(lines)
                lines = []
        assert lines == [], "the stream ended within a block"

    def events(self) -> Iterator[Told]:
        """Those that have data."""
        return (one for one in self.blocks() if one.data)

    def take(self, number: int) -> list[Told]:
        """The next events."""
        events = self.events()
        return [next(events) for _ in range(number)]


def _told(lines: list[str]) -> Told:
    found = {name: value.removeprefix(" ") for name, _, value in (line.partition(":") for line in lines)}
    data = json.loads(found["data"]) if "data" in found else {}
    return Told(found.get("event", ""), found.get("id", ""), data, found.get("", ""))
