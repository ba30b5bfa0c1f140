"""Servers that answer as no server should, and what the functions of the real job script say of them."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from reconciler.models.wanted import ResolvedService
from reconciler.slurm.job.sbatch import template
from tests.slurm.services import mark, recipe, resolved, target

#: What a server does with a connection, after it has read the request.
Answer = Callable[[socket.socket], None]
SECONDS = 15.0


class Server:
    """A server on a free port of the loopback address; `requests` are those that it got, each as a whole."""

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None, *, listens: bool) -> None:
        self.requests: list[bytes] = []
        self._answer, self._tls, self._listens = answer, tls, listens
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._closed = threading.Event()
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    def close(self) -> None:
        """End it, and all connections."""
        self._closed.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(SECONDS)
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while not self._closed.is_set():
                connection, _ = self._listener.accept()
                with connection, suppress(OSError):
                    self._one(connection)

    def _one(self, connection: socket.socket) -> None:
        connection.settimeout(SECONDS)
        if self._tls is None:
            self._read(connection)
            self._answer(connection)
            return
        with self._tls.wrap_socket(connection, server_side=True) as wrapped:
            self._read(wrapped)
            self._answer(wrapped)

    def _read(self, connection: socket.socket) -> None:
        if not self._listens:
            return
        got = b""
        while b"\r\n\r\n" not in got:
            part = connection.recv(4096)
            if not part:
                break
            got += part
        head, _, body = got.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += connection.recv(4096)
        self.requests.append(head + b"\r\n\r\n" + body)


@contextmanager
def serving(answer: Answer, tls: ssl.SSLContext | None = None, *, listens: bool = True) -> Iterator[Server]:
    """A server while the block lasts; one that does not listen answers before it has read anything."""
    server = Server(answer, tls, listens=listens)
    try:
        yield server
    finally:
        server.close()


def says(*parts: str | bytes) -> Answer:
    """Sends this and closes."""
    whole = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return lambda connection: connection.sendall(whole)


def says_slowly(text: str, slow: str) -> Answer:
    """Sends `text` at once and `slow` a byte at a time, until the other side has had enough."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(text.encode())
        connection.settimeout(0.3)
        for byte in slow:
            with suppress(TimeoutError):
                if not connection.recv(1):
                    return
            connection.sendall(byte.encode())

    return answer


def says_for_ever(text: str, part: bytes = b"x" * 65536) -> Answer:
    """Sends `text` and then `part` again and again."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(text.encode())
        while True:
            connection.sendall(part)

    return answer


def says_and_stays(text: str) -> Answer:
    """Sends `text` and keeps the connection until the other side closes it."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(text.encode())
        while connection.recv(4096):
            pass

    return answer


def web(health: dict[str, Any], **spec: Any) -> ResolvedService:
    """A service with this probe; `config`, `secrets` and `env` are its own, the rest is its recipe's."""
    times = {"startup": "20s", "interval": "1s", "timeout": "1s"}
    own = {key: spec.pop(key) for key in ("config", "secrets", "env") if key in spec}
    return resolved("web", recipe(health=times | health, **spec), **own)


def complaint(service: ResolvedService, port: int, folder: Path, function: str = "probe", path: str = "$PATH") -> str:
    """What the real script's own function says of a server at this port; "" when all is well."""
    script = template(service, target(folder)).submission(mark("web"), 0, ()).script.removesuffix("supervise\n")
    commands = f'PATH={path}; ports[http]={port}; scratch={folder}; {function}; printf "%s" "$complaint"\n'
    done = subprocess.run(
        ["bash", "-s"], input=(script + commands).encode(), capture_output=True, check=True, timeout=SECONDS
    )
    assert done.stderr == b""
    return done.stdout.decode()
