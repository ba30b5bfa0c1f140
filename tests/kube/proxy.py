"""A proxy on loopback between a client and the API server: it delays, refuses, loses answers, cuts streams.

It speaks plain HTTP to the client, and TLS with a client certificate to the API server, so that it can read along.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from lab.kubernetes import KubernetesFacts
from lab.kubernetes_objects import DAEMON

_HOP = frozenset({"connection", "host", "keep-alive", "transfer-encoding", "content-length"})
_REASONS = {401: "Unauthorized", 403: "Forbidden", 409: "Conflict", 410: "Expired", 429: "TooManyRequests"}


@dataclass(frozen=True)
class Call:
    """One request. `at` is in seconds of the monotonic clock; `path` is without its query."""

    at: float
    method: str
    path: str
    query: dict[str, list[str]] = field(default_factory=dict)

    @property
    def watch(self) -> bool:
        """Whether it opens a stream."""
        return "watch" in self.query

    @property
    def write(self) -> bool:
        """Whether it changes something; a dry run does not."""
        return self.method != "GET" and "dryRun" not in self.query

    @property
    def list(self) -> bool:
        """Whether it reads all objects of a kind in a namespace: …/namespaces/<namespace>/<plural>."""
        return self.method == "GET" and not self.watch and self.path.rstrip("/").split("/")[-3:-2] == ["namespaces"]


@dataclass(frozen=True)
class Fault:
    """What becomes of a request: after `seconds` it goes through, unless more is said.

    `status` is answered instead (with `retry_after` seconds, if that is not 0). `lost`: it goes through, and the
    answer does not come back. `error`: the stream begins with an ERROR event of that code. `stale`: a list is answered
    as it was answered last time.
    """

    seconds: float = 0.0
    status: int = 0
    retry_after: int = 0
    lost: bool = False
    error: int = 0
    stale: bool = False


GOOD = Fault()
Decide = Callable[[Call], Fault]


class Proxy:
    """A running proxy. `decide` may be set anew at any time; `calls` are all requests so far."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.decide: Decide = good
        self.calls: list[Call] = []
        self.lists: dict[str, bytes] = {}
        self.open: set[socket.socket] = set()
        self.streams: set[socket.socket] = set()
        self.closing = threading.Event()
        self._awake = threading.Event()
        self._awake.set()

    def kubeconfig(self, namespace: str = "ai") -> str:
        """The text of a kubeconfig that leads through the proxy."""
        named = {
            "clusters": [{"name": "proxy", "cluster": {"server": self.url}}],
            "users": [{"name": "proxy", "user": {}}],
            "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy", "namespace": namespace}}],
        }
        return json.dumps({"apiVersion": "v1", "kind": "Config", "current-context": "proxy", **named})

    def cut(self, *, everything: bool = False) -> int:
        """Cut the streams that are open (or all connections), in the middle of whatever they say; how many."""
        cut = list(self.open if everything else self.streams)
        for connection in cut:
            with suppress(OSError):  # it has ended in this moment
                connection.shutdown(socket.SHUT_RDWR)
        return len(cut)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Nothing is forwarded in either direction, and nothing is closed."""
        self._awake.clear()
        try:
            yield
        finally:
            self._awake.set()

    @contextmanager
    def playing(self, decide: Decide) -> Iterator[None]:
        """`decide` for as long as the block lasts."""
        self.decide = decide
        try:
            yield
        finally:
            self.decide = good

    def count(self, matches: Callable[[Call], bool]) -> int:
        """How many of the calls so far match."""
        return sum(map(matches, list(self.calls)))

    def wait_awake(self) -> None:
        """Return when it is not frozen."""
        while not self._awake.wait(1.0) and not self.closing.is_set():
            pass


def good(_: Call) -> Fault:
    """All is well."""
    return GOOD


@contextmanager
def proxied(facts: KubernetesFacts, name: str = DAEMON) -> Iterator[Proxy]:
    """A proxy to the API server of a lab, which takes its clients for the holder of the certificate `name`."""
    pki = facts.folder / "pki"
    context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
    context.load_cert_chain(pki / f"{name}.crt", pki / f"{name}.key")
    address = urlsplit(facts.server)

    class Handler(_Handler):
        def connect(self) -> http.client.HTTPSConnection:
            return http.client.HTTPSConnection(address.hostname or "", address.port, context=context)

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: object, client_address: object) -> None:
            """A client or a server that hangs up is what this is for."""

    with Server(("127.0.0.1", 0), Handler) as server:
        Handler.proxy = proxy = Proxy(server.server_address[1])
        threading.Thread(target=server.serve_forever, name="proxy", daemon=True).start()
        try:
            yield proxy
        finally:
            proxy.closing.set()
            server.shutdown()
            proxy.cut(everything=True)


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client. Each of its requests has a connection of its own to the API server."""

    protocol_version = "HTTP/1.1"
    proxy: Proxy

    def connect(self) -> http.client.HTTPSConnection:
        """A new connection to the API server: one that is kept would outlive the server, and break much later."""
        raise NotImplementedError

    def setup(self) -> None:
        super().setup()
        self.proxy.open.add(self.connection)

    def finish(self) -> None:
        self.proxy.open.discard(self.connection)
        super().finish()

    def do_GET(self) -> None:
        """Decide what becomes of it, and do it."""
        parts = urlsplit(self.path)
        call = Call(time.monotonic(), self.command, parts.path, parse_qs(parts.query))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if call.watch:  # from now on, so that a cut finds it before it has begun to speak
            self.proxy.streams.add(self.connection)
        self.proxy.calls.append(call)
        fault = self.proxy.decide(call)
        if fault.seconds:
            self.proxy.closing.wait(fault.seconds)
        self.proxy.wait_awake()
        try:
            self._do(call, fault, body)
        finally:
            self.proxy.streams.discard(self.connection)

    def _do(self, call: Call, fault: Fault, body: bytes) -> None:
        if fault.status:
            self._refuse(fault)
        elif fault.stale and self.path in self.proxy.lists:
            self._answer(200, {"Content-Type": "application/json"}, self.proxy.lists[self.path])
        else:
            self._forward(call, fault, body)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the names that http.server calls

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""

    def _forward(self, call: Call, fault: Fault, body: bytes) -> None:
        headers = {key: value for key, value in self.headers.items() if key.lower() not in _HOP}
        upstream = self.connect()
        try:
            upstream.request(self.command, self.path, body or None, headers)
            answer = upstream.getresponse()
            if call.watch and answer.status == 200:
                self._stream(answer, fault)
                return
            text = answer.read()
        except (OSError, http.client.HTTPException):  # the API server is not there: no more is the proxy
            self._hang_up()
            return
        finally:
            upstream.close()
        self.proxy.wait_awake()
        if fault.lost:
            self._hang_up()
            return
        if call.list and answer.status == 200:
            self.proxy.lists[self.path] = text
        kept = {key: value for key, value in answer.getheaders() if key.lower() not in _HOP}
        self._answer(answer.status, kept, text)

    def _stream(self, answer: http.client.HTTPResponse, fault: Fault) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            if fault.error:
                self._chunk(json.dumps({"type": "ERROR", "object": _status(fault.error)}).encode() + b"\n")
            while not fault.error and (text := answer.read1(65536)):
                self.proxy.wait_awake()
                self._chunk(text)
            self._chunk(b"")
        finally:
            self.close_connection = True

    def _chunk(self, text: bytes) -> None:
        self.wfile.write(f"{len(text):x}\r\n".encode() + text + b"\r\n")
        self.wfile.flush()

    def _refuse(self, fault: Fault) -> None:
        headers = {"Content-Type": "application/json"}
        if fault.retry_after:
            headers["Retry-After"] = str(fault.retry_after)
        self._answer(fault.status, headers, json.dumps(_status(fault.status)).encode())

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


def _status(code: int) -> dict[str, Any]:
    """A Status object as the API server sends it."""
    reason = _REASONS.get(code, "InternalError")
    message = f"the proxy says {code}"
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
