"""Receivers of alerts on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Webhook:
    """Keeps every message of Alertmanager, by the path that it was sent to."""

    url: str = ""
    messages: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def alerts(self, path: str, status: str = "firing") -> list[dict[str, str]]:
        """The labels of all alerts of one status that came to a path, oldest first."""
        return [
            one["labels"]
            for to, message in self.messages
            for one in message["alerts"]
            if to == path and one["status"] == status
        ]

    def names(self, path: str, status: str = "firing") -> set[str]:
        """Their names."""
        return {labels["alertname"] for labels in self.alerts(path, status)}


@contextmanager
def webhook() -> Iterator[Webhook]:
    """A server that takes whatever is posted to it."""
    got = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.messages.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        got.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield got
        server.shutdown()
        thread.join()
