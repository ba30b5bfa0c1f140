"""The stand of the stories on the lab's Slurm: programs on the target's path, no containers."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from secrets import token_hex
from typing import Any, ClassVar

from lab.factory import Factory
from lab.lab import Lab
from lab.servers import server_programs
from lab.triton import triton_numpy
from tests.e2e.world import jobs
from tests.recipes.stories.stand import Files, Stand

_LISTENS = "0A"  # in /proc/net/tcp
_SECONDS = 60


class SlurmStand(Stand):
    """A daemon with a Slurm target that has all servers on its path, or the programs of these folders."""

    platform: ClassVar[str] = "slurm"
    runtime: ClassVar[str] = "none"
    small: ClassVar[dict[str, Any]] = {"cpus": 1, "memory": "256Mi", "gpus": 0}

    def __init__(self, lab: Lab, programs: Sequence[Path] = ()) -> None:
        owner = f"r{token_hex(4)}"
        super().__init__(Factory(lab, owner, owner=owner))
        self.slurm = lab.slurm
        self.programs = programs or server_programs()
        target = self.factory.slurm_target()
        target["path"] = [*target["path"], *map(str, self.programs)]
        self.factory.configure(targets={"slurm": target})

    @property
    def address(self) -> str:
        return "127.0.0.1"

    @property
    def numpy(self) -> str:
        return str(triton_numpy())

    def secrets(self, name: str, **values: str) -> dict[str, dict[str, str]]:
        for key, value in values.items():
            self.factory.secret(name, key, value)
        return {key: {"name": name, "key": key} for key in values}

    def files(self, name: str) -> Files:
        place = self.factory.folder / name
        self.factory.put(place / "note", "")
        self.factory.put(place / "note", None)
        return Files(place, str(place), {})

    def running(self, name: str) -> list[str]:
        named = f"{name}.0"
        return [job.id for job in jobs(self.slurm, self.factory.owner) if (job.name, job.state) == (named, "RUNNING")]

    def node(self, name: str) -> str:
        """Where its job runs."""
        (job,) = self.running(name)
        return self.slurm.command("squeue", "--noheader", f"--jobs={job}", "--format=%N").strip()

    def kill_server(self, name: str, port: str) -> None:
        os.kill(listener(int(self.endpoint(name, port).rpartition(":")[2])), signal.SIGKILL)

    def direct(self, name: str, port: str) -> str:
        line = self.line(name)
        return next(iter(line.endpoints.get(port, ())), "") if line else ""

    def say(self, name: str, *argv: str, text: str = "") -> str:
        del name  # its servers listen on this machine
        path = os.pathsep.join([*map(str, self.programs), os.defpath])
        done = subprocess.run(
            argv, input=text, env={"PATH": path}, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        return done.stdout

    def close(self) -> None:
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
