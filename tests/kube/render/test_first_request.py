"""The programs that make a first request inside a container, against real servers, as the images' shells run them."""

from __future__ import annotations

import http.server
import os
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lab import host
from reconciler.kube.render.first_request import command
from reconciler.models.recipe import FirstRequest
from tests.probe.servers import own_certificate

#: What `sh` may be in an image, and the tool without one.
PROGRAMS = [["dash"], ["busybox", "sh"], ["bash", "--posix"], ["python3"]]
#: Those of them that are waited for.
WAITED_FOR = pytest.mark.parametrize("argv", [["dash"], ["python3"]], indirect=True, ids=" ".join)
TOKEN = 'sesame\'s "$(word)"'


@dataclass
class Server:
    """A real server; `answers` are status and body, one after the other, and the last for ever. It notes what came."""

    answers: list[tuple[int, bytes]]
    pause: float = 0.0
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0


@contextmanager
def serving(*answers: tuple[int, bytes], pause: float = 0.0, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    made = Server(list(answers), pause)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.asked.append((self.command, self.path, headers, body))
            time.sleep(made.pause)
            status, text = made.answers.pop(0) if len(made.answers) > 1 else made.answers[0]
            self.send_response(status)
            self.send_header("X-Word", "in-the-head")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_GET  # noqa: N815 - the name that http.server looks for

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign] # who gives up closes the connection
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        made.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


Ask = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(params=PROGRAMS, ids=" ".join)
def argv(request: pytest.FixtureRequest) -> Callable[..., list[str]]:
    """The command for a port and the fields of a first request, with this program in the place of `sh`."""
    host.install("shells")

    def made(port: int, scheme: str = "http", **fields: Any) -> list[str]:
        tool = "python3" if request.param == ["python3"] else "curl"
        first = FirstRequest.model_validate({"port": "http", "path": "/v1", "timeout": "1s", "tool": tool} | fields)
        words = command(first, port, scheme)
        assert words[0] == ("python3" if tool == "python3" else "sh")
        return [*request.param, *words[1:]]

    return made


@pytest.fixture
def ask(argv: Callable[..., list[str]]) -> Ask:
    def made(port: int, scheme: str = "http", **fields: Any) -> subprocess.CompletedProcess[str]:
        words = argv(port, scheme, **fields)
        env = {"PATH": os.environ["PATH"], "KEY": TOKEN}
        return subprocess.run(words, env=env, capture_output=True, text=True, timeout=20, check=False)

    return made


def test_what_is_asked_arrives_as_it_is(ask: Ask) -> None:
    bodies = ["", "{}", "@/etc/passwd", "--version", "a'b\"$(touch x)`id`\\n\n\tend\n", "ü €", "x" * 4096]
    with serving((200, b"fine")) as server:
        for body in bodies:
            asked = {"path": "/v1/-x/%24", "body": body, "contentType": "a/b; c='$d'", "bearer": "KEY"}
            done = ask(server.port, method="POST", **asked)
            assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [one[3].decode() for one in server.asked] == bodies
    for method, path, headers, _ in server.asked:
        assert (method, path, headers["content-type"]) == ("POST", "/v1/-x/%24", "a/b; c='$d'")
        assert headers["authorization"] == f"Bearer {TOKEN}"
        assert "expect" not in headers


def test_a_get_has_no_body_and_no_token_where_the_container_has_none(ask: Ask) -> None:
    with serving((204, b"")) as server:
        assert ask(server.port, bearer="NOT_THERE").returncode == 0
    ((method, _, headers, body),) = server.asked
    assert (method, body) == ("GET", b"")
    assert not {"authorization", "content-type", "content-length"} & headers.keys()


CODES = [
    *((200, [], ""), (299, [], ""), (302, [], "HTTP 302"), (503, [], "HTTP 503")),
    *((404, [404, 410], ""), (200, [404, 410], "HTTP 200")),
]


def test_only_the_codes_that_are_right_end_the_start(ask: Ask) -> None:
    def judged(status: int, codes: list[int], why: str) -> None:
        with serving((status, b"fine")) as server:
            done = ask(server.port, status=codes)
        told = f"first request GET /v1: {why}\n" if why else ""
        assert (done.returncode, done.stdout + done.stderr) == (int(bool(why)), told)

    with ThreadPoolExecutor() as at_once:
        list(at_once.map(judged, *zip(*CODES, strict=True)))


def test_a_text_is_looked_for_word_by_word(ask: Ask) -> None:
    def judged(text: str) -> None:
        with serving((200, b"all fine")) as server:
            done = ask(server.port, contains=text)
        told = "first request GET /v1: its answer lacks the text\n"
        assert (done.returncode, done.stdout + done.stderr) == (1, told)
        with serving((200, f"all {text} and \0 more".encode())) as server:
            assert ask(server.port, contains=text).returncode == 0

    with ThreadPoolExecutor() as at_once:
        list(at_once.map(judged, ["*", "[f]ine", "$HOME", "in-the-head", "\\", "ünd"]))


@WAITED_FOR
def test_it_is_asked_again_until_it_is_right_or_the_time_is_over(ask: Ask) -> None:
    with serving((200, b"loading"), (200, b"token")) as server:
        assert ask(server.port, contains="token", timeout="9s").returncode == 0
    assert len(server.asked) == 2
    with serving((503, b"")) as server:
        assert ask(server.port, timeout="2s").returncode == 1
    assert len(server.asked) in (1, 2)


@WAITED_FOR
def test_a_slow_answer_is_waited_for_as_long_as_it_may_take(ask: Ask) -> None:
    with serving((200, b"fine"), pause=1.2) as server:
        assert ask(server.port, timeout="4s").returncode == 0
        done = ask(server.port, timeout="1s")
    assert (done.returncode, done.stdout + done.stderr) == (1, "first request GET /v1: no answer\n")
    gone = ask(server.port)
    assert (gone.returncode, gone.stdout + gone.stderr) == (1, "first request GET /v1: no answer\n")


def test_over_tls_nobody_looks_at_the_certificate(ask: Ask, tmp_path: Path) -> None:
    with serving((200, b"fine"), tls=own_certificate(tmp_path)) as server:
        assert ask(server.port, "https", method="POST", body="{}", contains="fine").returncode == 0


def test_the_token_is_in_nobodys_process_list(argv: Callable[..., list[str]]) -> None:
    with serving((200, b"fine"), pause=0.5) as server:
        words = argv(server.port, method="POST", body="{}", bearer="KEY", timeout="5s")
        process = subprocess.Popen(words, env={"PATH": os.environ["PATH"], "KEY": TOKEN}, start_new_session=True)
        while not server.asked:
            time.sleep(0.02)
        lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if in_session(path, process.pid)]
        assert process.wait(10) == 0
    assert any(f":{server.port}/v1".encode() in line for line in lines)
    assert not any(b"sesame" in line for line in lines)
    assert server.asked[0][2]["authorization"] == f"Bearer {TOKEN}"


def in_session(path: Path, session: int) -> bool:
    """Whether the process of this `/proc/PID/cmdline` is of this session; one that has ended is not."""
    try:
        return os.getsid(int(path.parent.name)) == session
    except ProcessLookupError:
        return False


def test_an_image_without_the_tool_says_so(tmp_path: Path) -> None:
    for program in ("sleep",):
        (tmp_path / program).symlink_to(f"/usr/bin/{program}")
    words = command(
        FirstRequest.model_validate({"port": "http", "path": "/", "tool": "curl", "timeout": "1s"}), 1, "http"
    )
    argv, env = ["/bin/sh", *words[1:]], {"PATH": str(tmp_path)}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "first request: no curl in the image\n")
