"""Servers that answer badly, on loopback: each connection is given to a function that does with it what it likes."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

#: What a server does with a connection whose request has come; it is closed afterwards.
Behave = Callable[["Server", socket.socket], None]


@dataclass
class Server:
    """`requests` are the first bytes of each connection; `over` is set when it is to end."""

    behave: Behave
    listener: socket.socket
    context: ssl.SSLContext | None = None
    requests: list[bytes] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    open: set[socket.socket] = field(default_factory=set)

    @property
    def endpoint(self) -> str:
        host, port = self.listener.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def accept(self) -> None:
        while not self.over.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.open.add(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if self.context is None:
                self.talk(connection)
            else:
                with self.context.wrap_socket(connection, server_side=True) as secured:
                    self.talk(secured)
        self.open.discard(connection)

    def talk(self, connection: socket.socket) -> None:
        self.requests.append(connection.recv(65536))
        self.behave(self, connection)

    def close(self) -> None:
        self.over.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in list(self.open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def serving(behave: Behave, host: str = "127.0.0.1", *, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = Server(behave, socket.create_server((host, 0), family=family, backlog=1024), context)
    thread = threading.Thread(target=server.accept, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(10)


def answers(text: str | bytes) -> Behave:
    """Sends just this."""
    words = text.encode() if isinstance(text, str) else text
    return lambda _, connection: connection.sendall(words)


def http(status: str = "200 OK", body: str = "", *headers: str) -> str:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body.encode())}", "", body]
    return "\r\n".join(lines)


def never(server: Server, connection: socket.socket) -> None:
    """Says nothing, and keeps the connection."""
    del connection
    server.over.wait(60)


def slowly(text: str, pause: float = 0.1) -> Behave:
    """Byte by byte."""

    def behave(server: Server, connection: socket.socket) -> None:
        for byte in text.encode():
            connection.sendall(bytes([byte]))
            if server.over.wait(pause):
                return

    return behave


def without_end(head: str, piece: bytes) -> Behave:
    """Sends a gigabyte, if somebody takes it."""

    def behave(server: Server, connection: socket.socket) -> None:
        connection.sendall(head.encode())
        for _ in range(2**30 // len(piece)):
            if server.over.is_set():
                return
            connection.sendall(piece)

    return behave


def redirects(location: str) -> Behave:
    return answers(http("302 Found", "", f"Location: {location}"))


def own_certificate(folder: Path) -> ssl.SSLContext:
    """TLS with a certificate that nobody else signed, of another name."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    argv = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "1",
    ]
    argv += ["-subj", "/CN=somebody.else.invalid", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(argv, check=True, capture_output=True, timeout=60)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


@contextmanager
def grpc_server(**states: int | None) -> Iterator[str]:
    """A real gRPC server; its endpoint. `states` are those of its services, None: it has no health service."""
    server = grpc.server(futures.ThreadPoolExecutor(2))
    known = {name: state for name, state in states.items() if state is not None}
    if known:
        servicer = health.HealthServicer()
        for name, state in known.items():
            servicer.set("" if name == "whole" else name, state)
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait(10)


SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
