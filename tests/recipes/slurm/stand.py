"""One factory for all services, used by several threads at once: most of the time is waiting."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from lab.factory import Factory, is_healthy, line_of
from lab.lab import Lab
from lab.servers import server_programs
from tests.e2e.world import jobs, service
from tests.recipes.clients.environment import ClientError, Clients

SECONDS = 120.0
_PAUSE = 0.3
_LISTENS = "0A"  # in /proc/net/tcp


class Stand:
    """A daemon with a Slurm target that has all servers on its path, and the clients of the services."""

    def __init__(self, lab: Lab) -> None:
        self.slurm = lab.slurm
        self.clients = Clients.made()
        name = f"r{token_hex(4)}"
        self.factory = Factory(lab, name, owner=name)
        target = self.factory.slurm_target()
        target["path"] = [*target["path"], *map(str, server_programs())]
        self.factory.configure(targets={"slurm": target})
        self._hand = threading.Lock()

    def want(self, name: str, recipe: str, **spec: Any) -> None:
        """Commit a small service of a shipped recipe."""
        small = {"cpus": 1, "memory": "256Mi", "gpus": 0}
        with self._hand:
            text = service(name, "slurm", recipe, resources=small, **spec)
            self.factory.commit({f"desired/{name}.yaml": text}, f"want {name}")

    def secrets(self, name: str, **values: str) -> dict[str, dict[str, str]]:
        """Keep secrets of a service, and what it says of them."""
        for key, value in values.items():
            self.factory.secret(name, key, value)
        return {key: {"name": name, "key": key} for key in values}

    def endpoint(self, name: str, port: str) -> str:
        """host:port of a healthy service; empty while it is not."""
        shape = self.factory.status()
        line = line_of(shape, name) if shape else None
        found = line.endpoints.get(port, ()) if shape and line and is_healthy(shape, name) else ()
        return found[0] if len(found) == 1 else ""

    def running(self, name: str) -> list[str]:
        """Ids of the jobs that run for a service."""
        named = f"{name}.0"
        return [job.id for job in jobs(self.slurm, self.factory.owner) if (job.name, job.state) == (named, "RUNNING")]

    def node(self, name: str) -> str:
        """Where its job runs."""
        (job,) = self.running(name)
        return self.slurm.command("squeue", "--noheader", f"--jobs={job}", "--format=%N").strip()

    def kill_server(self, name: str, port: str) -> None:
        """SIGKILL for the process that listens on a port of a healthy service."""
        os.kill(listener(int(self.endpoint(name, port).rpartition(":")[2])), signal.SIGKILL)

    def recovery(self, name: str, port: str, works: Callable[[], bool]) -> float:
        """Kill the server; seconds until another job runs alone for it and `works` holds, as the client sees it."""
        before = self.running(name)
        began = time.monotonic()
        self.kill_server(name, port)
        self.wait(f"another job for {name}", lambda: len(now := self.running(name)) == 1 and now != before)
        self.wait(f"{name} as before", works)
        return time.monotonic() - began

    def wait(self, what: str, check: Callable[[], bool], seconds: float = SECONDS) -> None:
        """Wait until `check` holds; an answer that does not come counts as not yet."""
        deadline = time.monotonic() + seconds
        last: Exception | None = None
        while time.monotonic() < deadline:
            try:
                if check():
                    return
            except (ClientError, OSError) as error:
                last = error
            time.sleep(_PAUSE)
        shape = self.factory.status()
        pytest.fail(f"not within {seconds:g} s: {what}; last: {last}; {shape}", pytrace=False)

    def close(self) -> None:
        """Leave nothing behind."""
        self.factory.stop()
        living = [job.id for job in jobs(self.slurm, self.factory.owner) if job.alive]
        if living:
            self.slurm.command("scancel", *living)


def listener(port: int) -> int:
    """The process that listens on a TCP port of this machine; the parent where several hold the socket."""
    lines = [line.split() for file in ("tcp", "tcp6") for line in Path("/proc/net", file).read_text().splitlines()[1:]]
    inodes = {line[9] for line in lines if line[3] == _LISTENS and int(line[1].rpartition(":")[2], 16) == port}
    holders = {int(pid.name) for pid in Path("/proc").glob("[0-9]*") if _sockets(pid) & inodes}
    assert holders, f"nobody listens on port {port}"
    return next(pid for pid in sorted(holders) if _parent(pid) not in holders)


def _sockets(process: Path) -> set[str]:
    try:
        targets = [str(one.readlink()) for one in (process / "fd").iterdir()]
    except OSError:  # it ended, or belongs to somebody else
        return set()
    return {found[1] for target in targets if (found := re.fullmatch(r"socket:\[(\d+)\]", target))}


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
