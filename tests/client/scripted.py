"""A server that answers as a test says, request by request, over real sockets."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Answer:
    """One answer; `code` 0 closes the connection without a word, `cut` in the middle of the body."""

    code: int = 200
    body: str = "{}"
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Script:
    """The server: where it is, and what it was asked."""

    url: str
    asked: list[Asked]


@contextmanager
def scripted(*answers: Answer) -> Iterator[Script]:
    """A server with these answers, in turn; the last one goes on for ever."""
    asked: list[Asked] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(asked, answers))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Script(f"http://127.0.0.1:{server.server_address[1]}", asked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(asked: list[Asked], answers: Sequence[Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            asked.append(Asked(self.command, self.path, dict(self.headers), body))
            one = answers[min(len(asked), len(answers)) - 1]
            self.close_connection = True
            if one.code == 0:
                return
            data = one.body.encode()
            self.send_response(one.code)
            self.send_header("Content-Type", one.kind)
            for name, value in one.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data) + one.cut))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 - names that http.server looks for

        def log_message(self, *_: object) -> None:
            pass

    return Handler
