"""Real Git servers on loopback for tests: over HTTP here, over SSH in git_ssh.py.

    bare(folder / "team.git")
    with HttpGit(folder, user="ada", password="secret") as server:
        server.url("team.git")          # http://ada:secret@127.0.0.1:40123/team.git
        server.silent = True            # takes requests and says nothing, until it is False again
        server.deaf = "POST /team.git/git-receive-pack"     # does this when it is asked, and closes without an answer
        server.stop(); server.start()   # down, and back on the same port

    with SshGit(folder) as server:
        server.url("team.git")          # ssh://root@127.0.0.1:40124/tmp/…/team.git
        server.environment              # {"GIT_SSH_COMMAND": "ssh -i …"}, for who pushes

The HTTP one is git-http-backend(1) behind a CGI server of Python's; pushes are allowed to everybody it lets in.
"""

from __future__ import annotations

import base64
import hmac
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast
from urllib.parse import quote, urlsplit

from lab import host
from lab.git_ssh import SshGit

__all__ = ["HttpGit", "SshGit", "bare"]

_BLOCK = 65_536
_PAUSE = 0.02
_SECONDS = 30  # that a connection may be silent


def bare(folder: Path, *, branch: str = "main") -> Path:
    """An empty bare repository, as forges have them; returns its folder. Nobody's configuration counts in it."""
    words = ["git", "init", "--quiet", "--bare", f"--initial-branch={branch}", str(folder)]
    subprocess.run(words, check=True, env={**os.environ, **_NOBODY})
    return folder


_NOBODY = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


class HttpGit:
    """Serves the bare repositories of `folder`; with a `user`, only to who gives that name and the password."""

    def __init__(self, folder: Path, user: str = "", password: str = "") -> None:
        self.folder = folder.absolute()
        self.user = user
        self.password = password
        self.silent = False
        self.deaf = ""
        self.port = 0
        #: Requests so far, as `GET /team.git/info/refs?service=git-upload-pack`, oldest first.
        self.requests: list[str] = []
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def url(self, name: str, password: str | None = None) -> str:
        """Address of a repository, with the right password in it or another one."""
        secret = quote(self.password if password is None else password, safe="")
        return f"http://{f'{quote(self.user)}:{secret}@' if self.user else ''}127.0.0.1:{self.port}/{quote(name)}"

    def start(self) -> Self:
        """Listen, on the port of before where there was one. Raises LabError when git lacks its server."""
        host.install("git-http")
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        self._server.site = self
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_PAUSE,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Refuse connections, and end those under way with what they started; may be called twice."""
        server, self._server = self._server, None
        if server and self._thread:
            server.over.set()
            server.shutdown()
            for process in list(server.running):
                process.terminate()
            server.server_close()  # waits for the threads of connections
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for them
    allow_reuse_address = True
    site: HttpGit

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.over = threading.Event()
        self.running: set[subprocess.Popen[bytes]] = set()
        super().__init__(address, handler)

    def handle_error(self, request: object, address: object) -> None:
        """A client that went away in the middle is nothing to tell."""


class _Handler(BaseHTTPRequestHandler):
    """One request by one process of git-http-backend(1), in the manner of CGI (RFC 3875)."""

    server: _Server
    timeout = _SECONDS

    def do_GET(self) -> None:
        """Refs, or an object."""
        self._serve()

    def do_POST(self) -> None:
        """A fetch, or a push."""
        self._serve()

    def log_message(self, *_words: object) -> None:
        """Say nothing."""

    def _serve(self) -> None:
        site = self.server.site
        site.requests.append(f"{self.command} {self.path}")
        while site.silent and not self.server.over.is_set():
            time.sleep(_PAUSE)
        if self.server.over.is_set():
            return
        if site.user and not self._may():
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="lab"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        with subprocess.Popen(
            [host.program("git"), "http-backend"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._environment(),
        ) as process:
            self.server.running.add(process)
            feeder = threading.Thread(target=self._feed, args=(cast("BinaryIO", process.stdin),))
            feeder.start()
            self._answer(cast("BinaryIO", process.stdout))
            feeder.join()
        self.server.running.discard(process)

    def _may(self) -> bool:
        pair = f"{self.server.site.user}:{self.server.site.password}"
        wanted = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return hmac.compare_digest(self.headers.get("Authorization", "").encode(), wanted.encode())

    def _environment(self) -> dict[str, str]:
        parts = urlsplit(self.path)
        given = {
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": self.headers.get("Content-Length", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "GIT_PROJECT_ROOT": str(self.server.site.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_USER": self.server.site.user or "anybody",  # without one it takes no push
            **_NOBODY,
            **{name: value for name, value in given.items() if value},
        }

    def _feed(self, into: BinaryIO) -> None:
        """The request's body to the program, which may end before it has read it all."""
        with suppress(OSError), into:
            for block in self._body():
                into.write(block)
        with suppress(OSError):
            into.close()

    def _body(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left > 0 and (block := self.rfile.read(min(left, _BLOCK))):
            left -= len(block)
            yield block

    def _answer(self, out: BinaryIO) -> None:
        """CGI's head, and the rest as it comes; the connection's end is the answer's end (HTTP/1.0)."""
        head: dict[str, str] = {}
        for line in iter(out.readline, b""):
            name, _, value = line.decode("latin-1").strip().partition(":")
            if not name:
                break
            head[name] = value.strip()
        if self.server.site.deaf and self.server.site.deaf in f"{self.command} {self.path}":
            for _ in iter(lambda: out.read(_BLOCK), b""):
                pass
            return
        with suppress(OSError):
            self.send_response(int(head.pop("Status", "200").split()[0]))
            for name, value in head.items():
                self.send_header(name, value)
            self.end_headers()
            for block in iter(lambda: out.read1(_BLOCK), b""):  # type: ignore[attr-defined]  # it is buffered
                self.wfile.write(block)
