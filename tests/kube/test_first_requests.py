"""First requests that only a program of the image can make, in real pods: Ready once the answer is right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.kube.look.observer import KubernetesObserver
from reconciler.models.health import Health
from reconciler.models.wanted import ResolvedService
from tests.kube.conftest import Cluster, until
from tests.kube.services import changed, resolved

pytestmark = pytest.mark.node

TOKEN = "sesame-$(HOME)-'word'"
#: Answers its health at once, its work in time once there is /tmp/loaded, and with the right text once there is
#: /tmp/right; who has no token is told nothing.
SERVER = """
import http.server, os, pathlib, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200, b"fine")
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Authorization"] != "Bearer " + os.environ["KEY"]:
            return self.answer(401, b"who?")
        if body != b'{"prompt": "$(id)"}' or not pathlib.Path("/tmp/loaded").exists():
            return self.answer(503, b"loading")
        time.sleep(1.5)
        self.answer(200, b"a token" if pathlib.Path("/tmp/right").exists() else b"nothing")
    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Handler).serve_forever()
"""


def model(node: Cluster, name: str, tool: str, **container: Any) -> ResolvedService:
    """A service of this server, of the image of FAISS, which has Python and curl."""
    secret = {"name": f"{node.owner}-key", "key": "word"}
    service = resolved(f"{node.owner}-{name}", resources={"cpus": 0.1, "memory": "128Mi"}, secrets={"KEY": secret})
    first = {
        "port": "http",
        "method": "POST",
        "path": "/v1/work",
        "body": '{"prompt": "$(id)"}',
        "bearer": "KEY",
        "contains": "token",
        "timeout": "3s",
        "tool": tool,
    }
    health = {"http": {"port": "http", "path": "/"}, "startup": "3m", "interval": "1s", "timeout": "1s"}
    command = ["python3", "-c", f"exec({SERVER!r})", "${port.http}"]
    return changed(
        service,
        health=health | {"firstRequest": first},
        secrets={"KEY": {"description": "Key."}},
        start={"container": {"user": 1000, "command": command} | container},
    )


@pytest.fixture
def keyed(node: Cluster) -> Iterator[Cluster]:
    """With a Secret that holds the token."""
    node.facts.kubectl("create", "secret", "generic", f"{node.owner}-key", "-n", "ai", f"--from-literal=word={TOKEN}")
    try:
        yield node
    finally:
        node.facts.kubectl("delete", "secret", f"{node.owner}-key", "-n", "ai")


def told(observer: KubernetesObserver) -> dict[str, tuple[Health, str]]:
    return {one.mark.service.rpartition("-")[2]: (one.health, one.reason) for one in observer.look().workloads}


def test_a_start_ends_with_the_first_right_answer_and_says_until_then_what_is_wrong(keyed: Cluster) -> None:
    observer, deployer, names = keyed.observer(), keyed.deployer(), ("curl", "python3")
    for name in names:
        keyed.deploy(deployer, model(keyed, name, name))

    def all_say(words: str) -> bool:
        found = told(observer)
        assert all(health is not Health.HEALTHY for health, _ in found.values()), found
        return found.keys() == set(names) and all(words in reason for _, reason in found.values())

    def everywhere(file: str) -> None:
        for name in names:
            keyed.facts.kubectl("exec", "-n", "ai", f"deploy/{keyed.owner}-{name}", "--", "touch", file)

    until(lambda: all_say("first request POST /v1/work: HTTP 503"), 60.0)
    everywhere("/tmp/loaded")
    until(lambda: all_say("first request POST /v1/work: its answer lacks the text"), 30.0)
    everywhere("/tmp/right")
    until(lambda: {health for health, _ in told(observer).values()} == {Health.HEALTHY}, 30.0)
    selector = f"reconciler/owner={keyed.owner}"
    written = keyed.facts.kubectl("get", "deploy,rs,pods,cm", "-n", "ai", "-l", selector, "-o", "yaml")
    assert "first request" in written
    assert "sesame" not in written
    assert re.findall(r"restartCount: (\d+)", written) == ["0", "0"]


def test_an_image_without_the_program_is_told_and_not_healthy(keyed: Cluster) -> None:
    observer, deployer = keyed.observer(), keyed.deployer()
    for tool in ("curl", "python3"):
        service = model(keyed, tool, tool, command=["httpd", "-f", "-p", "8080"])
        keyed.deploy(deployer, changed(service, image="docker.io/library/busybox:1.36"))
    words = {
        "curl": "Startup probe failed: first request: no curl in the image",
        "python3": 'Startup probe failed: "python3": executable file not found in $PATH',
    }
    until(lambda: all(words[name] in reason for name, (_, reason) in told(observer).items()), 60.0)
    assert {health for health, _ in told(observer).values()} == {Health.PROGRESSING}
