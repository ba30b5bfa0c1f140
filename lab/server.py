"""One program of the lab's monitoring: in the foreground, on a free port of loopback, gone with whoever started it."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lab import host
from lab.host import LabError

_PATH = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
_TRIES = 3
_READY = 60.0
_END = 10.0
_PAUSE = 0.05
_TAKEN = "address already in use"
# A proxy that the environment names is never asked: all of this is on loopback.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Server:
    """A program and its port; `folder` is its own, made when it is missing, with its log in `log`.

    As a context manager it ends with its block. It also ends when the thread that started it does.
    """

    #: Debian's name of the program, and the page that answers 200 when it is ready.
    program: str
    ready = "/-/ready"

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.log = folder / f"{self.program}.log"
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int | None:
        """Its process; None when it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def run(self, argv: Callable[[int], Sequence[str]], env: dict[str, str] | None = None) -> Self:
        """Start with the arguments that `argv` makes for a port, and wait until it is ready. Raises LabError.

        Its Debian package is installed when it is missing. One that was closed comes back on the port that it had.
        """
        host.install("monitoring")
        for attempt in range(_TRIES):
            self.port = self.port or host.free_ports(1)[0]
            self._process = self._spawn(argv(self.port), env or {})
            if self._comes():
                return self
            self.close()
            text = self.log.read_text(errors="replace")[-1200:].strip()
            if _TAKEN not in text or attempt == _TRIES - 1:
                break
            self.port = 0
        raise LabError(f"{self.program} is not ready: {text or 'its log is empty'}")

    def get(self, path: str, data: bytes | None = None, seconds: float = 30.0) -> bytes:
        """The answer to a GET (a POST when there is `data`). Raises LabError with what the server said."""
        request = urllib.request.Request(f"{self.url}{path}", data)
        try:
            with _OPENER.open(request, timeout=seconds) as answer:
                body: bytes = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise LabError(f"{path}: {error.code}: {error.read().decode(errors='replace').strip()}") from error
        except OSError as error:
            raise LabError(f"{self.program} does not answer on {self.url}{path}: {error}") from error
        return body

    def json(self, path: str, data: bytes | None = None) -> Any:
        """The same, read as JSON."""
        return json.loads(self.get(path, data))

    def close(self) -> None:
        """End it and wait; nothing happens when it has ended."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _spawn(self, argv: Sequence[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
        if self.pid:
            raise LabError(f"{self.program} runs already")
        with self.log.open("wb") as log:
            return subprocess.Popen(
                [host.program("setpriv"), "--pdeathsig", "KILL", "--", host.program(self.program), *argv],
                cwd=self.folder,
                env=_PATH | {"HOME": str(self.folder)} | env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _comes(self) -> bool:
        """Whether it becomes ready; False when it ends before, or takes too long."""
        deadline = time.monotonic() + _READY
        while self.pid and time.monotonic() < deadline:
            try:
                self.get(self.ready, seconds=2)
            except LabError:
                time.sleep(_PAUSE)
            else:
                return self.pid is not None
        return False
