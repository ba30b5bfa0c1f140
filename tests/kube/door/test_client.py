"""Answers that a healthy API server rarely gives, from a small HTTP server that gives them in order."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from reconciler.errors import LookError, UncertainError, UnreachableError
from reconciler.kube.door.client import Client
from reconciler.kube.kinds import CONFIG_MAP
from tests.kube.services import target

_ITEM = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "ai"}}
_EMPTY = json.dumps({"items": [], "metadata": {"resourceVersion": "7"}})
Make = Callable[..., Client]


@contextmanager
def _server(answers: list[tuple[int, str]]) -> Iterator[str]:
    """The address of a server that gives each answer once, and the last one for ever; it wants the token `sesame`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body = answers.pop(0) if len(answers) > 1 else answers[0]
            status = status if self.headers["Authorization"] == "Bearer sesame" else 401
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        do_PATCH = do_GET  # noqa: N815 - the name that http.server calls

        def log_message(self, *_: object) -> None:
            """Nothing: a test's output is pytest's."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def answering(tmp_path: Path) -> Iterator[Make]:
    """Makes a client of a server that gives these answers."""
    with ExitStack() as stack:

        def make(*answers: tuple[int, str], timeout: str = "1s") -> Client:
            address = stack.enter_context(_server(list(answers)))
            kubeconfig = tmp_path / "kubeconfig"
            content = {
                "current-context": "c",
                "clusters": [{"name": "c", "cluster": {"server": address}}],
                "users": [{"name": "u", "user": {"token": "sesame"}}],
                "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            }
            kubeconfig.write_text(json.dumps(content))
            client = Client(target(kubeconfig=str(kubeconfig), timeout=timeout), 2)
            stack.callback(client.close)
            return client

        yield make


def test_a_server_that_asks_for_patience_is_asked_again(answering: Make) -> None:
    client = answering((429, ""), (503, ""), (200, _EMPTY), timeout="20s")
    assert client.list(CONFIG_MAP, "ai", "").version == "7"
    assert client.calls == 3


@pytest.mark.parametrize(("status", "expected"), [(429, UnreachableError), (500, UncertainError)])
def test_patience_ends(answering: Make, status: int, expected: type[Exception]) -> None:
    client = answering((status, "busy"))
    with pytest.raises(expected, match=f"apply ConfigMap ai/a: HTTP status {status}"):
        client.apply(_ITEM)
    assert 1 < client.calls < 6


def test_a_page_of_a_proxy_is_not_an_answer(answering: Make) -> None:
    client = answering((200, "<html>sign in</html>"))
    with pytest.raises(LookError, match="not JSON"):
        client.list(CONFIG_MAP, "ai", "")
    with pytest.raises(UncertainError, match="not JSON"):
        client.apply(_ITEM)


def test_the_token_is_in_no_error(answering: Make) -> None:
    client = answering((403, json.dumps({"message": "no"})))
    with pytest.raises(LookError) as caught:
        client.list(CONFIG_MAP, "ai", "")
    assert str(caught.value) == "list ConfigMaps in ai: no"
