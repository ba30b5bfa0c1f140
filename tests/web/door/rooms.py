"""What the tests of the door share: pages on a real server, and ways to speak to it without a library between."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request

from reconciler.board import Board
from reconciler.metrics import utc_now
from reconciler.models.proposal import Caller
from reconciler.settings import HttpSettings
from reconciler.settings.http import TlsSettings
from reconciler.web import PageServer, make_app
from reconciler.web.door.callers import Writer


@dataclass
class Answer:
    """An answer as it came: `headers` with small names."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Room:
    """Pages that are served. `writes` is who came to the page that writes."""

    server: PageServer
    board: Board
    http: HttpSettings
    writes: list[tuple[Caller, Any]] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.server.address.rpartition(":")[2])

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        """With a small buffer: what the other end does not take is not sent."""
        one = socket.socket()
        one.settimeout(30)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32 * 1024)
        one.connect(("127.0.0.1", self.port))
        return one

    def raw(self, sent: bytes) -> bytes:
        """Everything that comes back until the other end closes."""
        with self.connect() as one:
            one.sendall(sent)
            return read_all(one)

    def ask(self, method: str, target: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request; names of headers with `_` for `-`."""
        return parse(self.raw(request(method, target, self.host, body, **headers)))


def request(method: str, target: str, host: str, body: bytes | None = None, **headers: str) -> bytes:
    lines = [f"{method} {target} HTTP/1.1"]
    given = {"Host": host, "Connection": "close"} | {name.replace("_", "-"): text for name, text in headers.items()}
    if body is not None:
        given = {"Content-Type": "application/json", "Content-Length": str(len(body))} | given
    lines += [f"{name}: {text}" for name, text in given.items() if text != "-"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


def read_all(one: socket.socket | ssl.SSLSocket) -> bytes:
    parts = []
    while True:
        try:
            part = one.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts)


def parse(answer: bytes) -> Answer:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    return Answer(int(first.split()[1]), {name.lower(): text for name, _, text in pairs}, body)


def add_pages(app: FastAPI, room_writes: list[tuple[Caller, Any]]) -> None:
    """A page that writes and one that tells the caller, as those of the API do."""

    @app.post("/door-write")
    def write(caller: Writer, body: dict[str, Any]) -> dict[str, str]:
        room_writes.append((caller, body))
        return {"name": caller.name}

    @app.get("/door-who")
    def who(request: Request) -> dict[str, Any]:
        caller: Caller = request.state.caller
        return {"name": caller.name, "through": caller.through, "role": caller.role, "folders": caller.folders}


@contextmanager
def room(
    http: HttpSettings | None = None,
    socket_path: Path | None = None,
    tls: TlsSettings | None = None,
    now: datetime | None = None,
) -> Iterator[Room]:
    """Pages on a free port until the end."""
    http = http or HttpSettings()
    board = Board()
    server = PageServer("127.0.0.1:0", http.limits, tls)
    found = Room(server, board, http)
    app = make_app(board, (lambda: now) if now else utc_now, (), http=http)
    add_pages(app, found.writes)
    try:
        server.start(app)
        if socket_path:
            server.open_socket(socket_path)
        yield found
    finally:
        server.close()


def is_closed(one: socket.socket) -> bool:
    """Whether the other end has closed it."""
    one.setblocking(False)
    try:
        return one.recv(65536) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
