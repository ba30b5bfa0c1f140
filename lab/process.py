"""The daemons of a lab: each in the foreground, a direct child of the keeper, in a session of its own."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lab import host
from lab.host import LabError
from lab.ledger import Ledger
from lab.user import User

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PAUSE = 0.03
_TAIL = 1200


@dataclass(frozen=True, slots=True)
class Daemon:
    """How to run one daemon.

    `env` is added to a small environment (PATH, HOME, LANG). `user`: run as that user, when root.
    `namespace`: run in that named network namespace (root). `folder`: its working folder.
    """

    name: str
    argv: tuple[str, ...]
    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)
    user: User | None = None
    namespace: str | None = None

    def command(self) -> list[str]:
        """The whole command. `ip netns exec` is not used, as it hides the mounts of the control groups."""
        enter = [host.program("nsenter"), f"--net=/run/netns/{self.namespace}", "--"] if self.namespace else []
        return [*enter, *(self.user.command(self.argv) if self.user else self.argv)]


class Daemons:
    """Starts and ends daemons by name, and keeps each one's log in a file. Safe to use from several threads."""

    def __init__(self, ledger: Ledger, logs: Path, mark: Mapping[str, str]) -> None:
        self._ledger = ledger
        self._logs = logs
        self._mark = mark
        self._known: dict[str, tuple[Daemon, subprocess.Popen[bytes]]] = {}
        self._lock = threading.RLock()
        self._closed = False

    def log(self, name: str) -> Path:
        """The log file of a daemon."""
        return self._logs / f"{name}.log"

    def start(self, daemon: Daemon, *extra: str) -> None:
        """Start a daemon, this time with `extra` arguments. Raises LabError when it runs already."""
        with self._lock:
            if self._closed:
                raise LabError(f"the lab ends; {daemon.name} is not started")
            if self.pids().get(daemon.name):
                raise LabError(f"{daemon.name} runs already")
            self._known[daemon.name] = (daemon, self._spawn(daemon, extra))

    def start_again(self, name: str, *extra: str) -> None:
        """Start a daemon that was stopped, with the arguments of its first start and `extra`."""
        self.start(self._of(name)[0], *extra)

    def wait(self, name: str, ready: Callable[[], bool], seconds: float, also: tuple[str, ...] = ()) -> None:
        """Wait until `ready()` is true. Raises LabError, with the end of the log, when time is up.

        It is raised at once when the daemon, or one of those in `also`, has ended.
        """
        watched = [(each, self._of(each)[1]) for each in (name, *also)]
        deadline = time.monotonic() + seconds
        while not ready():
            for each, process in watched:
                if process.poll() is not None:
                    raise LabError(f"{each} ended with {process.returncode}: {self._tail(each)}")
            if time.monotonic() > deadline:
                raise LabError(f"{name} is not ready after {seconds:g} s: {self._tail(name)}")
            time.sleep(_PAUSE)

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM, patience: float = 10.0) -> None:
        """Signal a daemon and wait for its end; SIGKILL when it takes longer than `patience` seconds.

        What it has started goes on living, so that a test can see how it is found again.
        """
        process = self._of(name)[1]
        process.send_signal(number)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def send(self, name: str, number: signal.Signals) -> None:
        """Signal a daemon and do not wait."""
        self._of(name)[1].send_signal(number)

    def pids(self) -> dict[str, int | None]:
        """Name → pid of every daemon ever started, None for those that have ended."""
        with self._lock:
            known = [(name, process) for name, (_, process) in self._known.items()]
        return {name: process.pid if process.poll() is None else None for name, process in known}

    def all_pids(self) -> set[int]:
        """Pids of all present daemons, also of those whose end nobody has taken note of yet."""
        with self._lock:
            return {process.pid for _, process in self._known.values()}

    def close(self) -> None:
        """Start nothing any more."""
        with self._lock:
            self._closed = True

    def _spawn(self, daemon: Daemon, extra: tuple[str, ...]) -> subprocess.Popen[bytes]:
        environment = {"PATH": _PATH, "HOME": str(daemon.folder), "LANG": "C.UTF-8", **daemon.env, **self._mark}
        with self.log(daemon.name).open("ab") as log:
            process = subprocess.Popen(
                [*daemon.command(), *extra],
                cwd=daemon.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._ledger.process(process.pid)
        return process

    def _of(self, name: str) -> tuple[Daemon, subprocess.Popen[bytes]]:
        with self._lock:
            if name not in self._known:
                raise LabError(f"there is no daemon {name} in this lab; there are {', '.join(self._known) or 'none'}")
            return self._known[name]

    def _tail(self, name: str) -> str:
        return self.log(name).read_text(errors="replace")[-_TAIL:].strip() or "its log is empty"
