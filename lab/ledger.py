"""The ledger of a lab: everything that must be put back, written down before it is done.

It is a file of one JSON list per line in the lab's folder: the kind, then its words. Whoever comes after a crash
reads it and undoes what is there (lab/undo.py); what was written down but never done is simply not found then.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab import proc
from lab.host import LabError


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to put back."""

    kind: str
    words: tuple[str, ...]


class Ledger:
    """The append-only list of one lab. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def entries(self) -> list[Entry]:
        """What is written down, oldest first; a line cut short by a crash is left out."""
        return list(_read(self.path))

    def process(self, pid: int) -> None:
        """A process that the lab has just started; it and all below it are to be ended."""
        found = proc.look(pid)
        if found:
            self._write("process", str(pid), str(found.start))

    def marked(self, *words: str) -> None:
        """Processes to be ended that have all these in their environment: `NAME=value`, or `NAME=` with any value.

        Such as `SLURM_CONF=/tmp/…/slurm.conf` with `SLURM_JOB_ID=`: every process of a job of that cluster.
        """
        self._write("marked", *words)

    def holders(self, program: str, folder: Path) -> None:
        """Processes to be ended whose program's file is named `program…` and that work in `folder`.

        It finds those that overwrite their environment to change their title, as slurmstepd does: they bear no mark.
        """
        self._write("holders", program, str(folder))

    def mount(self, path: Path) -> None:
        """A mount at `path`; mounts below the lab's own folder are found without an entry."""
        self._write("mount", str(path))

    def namespace(self, name: str) -> None:
        """A named network namespace (ip-netns(8)). Raises LabError when it is there already."""
        _refuse(Path("/run/netns") / name)
        self._write("namespace", name)

    def link(self, name: str) -> None:
        """A network interface of the host. Raises LabError when it is there already."""
        _refuse(Path("/sys/class/net") / name)
        self._write("link", name)

    def route(self, *words: str) -> None:
        """A route of the host, in the words of `ip route del`."""
        self._write("route", *words)

    def cgroup(self, name: str) -> None:
        """A control group, named from the top of every hierarchy. Raises LabError when it is there already."""
        for path in cgroup_paths(name):
            _refuse(path)
        self._write("cgroup", name)

    def sysctl(self, key: str) -> None:
        """A kernel parameter such as `net.ipv4.ip_forward` that is about to be changed.

        Its value is written down; when another lab has changed it before, the value from before that one.
        """
        earlier = next((entry for entry in self.elsewhere() if entry.kind == "sysctl" and entry.words[0] == key), None)
        self._write("sysctl", key, earlier.words[1] if earlier else sysctl_path(key).read_text().strip())

    def folder(self, path: Path) -> None:
        """A folder outside of the lab's own that is about to be made; nothing is noted when it is not the lab's."""
        entry = Entry("folder", (str(path),))
        if not path.exists() or entry in self.elsewhere():
            self._write(entry.kind, *entry.words)

    def elsewhere(self) -> list[Entry]:
        """What the other labs of this user have written down: what they share is put back by the last one."""
        others = self.path.parent.parent.glob(f"*/{self.path.name}")
        return [entry for path in others if path != self.path for entry in _read(path)]

    def _write(self, kind: str, *words: str) -> None:
        line = json.dumps([kind, *words]) + "\n"
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)


def sysctl_path(key: str) -> Path:
    """The file of a kernel parameter (sysctl(8))."""
    return Path("/proc/sys") / key.replace(".", "/")


def cgroup_paths(name: str) -> list[Path]:
    """Where a control group may be: in the one hierarchy of version 2, or in each one of version 1."""
    top = Path("/sys/fs/cgroup")
    if (top / "cgroup.controllers").exists():
        return [top / name]
    return [hierarchy / name for hierarchy in top.iterdir() if hierarchy.is_dir()]


def _refuse(path: Path) -> None:
    """What is there already is not the lab's, and must not be removed by it."""
    if path.exists():
        raise LabError(f"{path} is there already, and the lab did not make it")


def _read(path: Path) -> Iterator[Entry]:
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            kind, *words = json.loads(line)
        except ValueError:
            continue
        yield Entry(kind, tuple(words))
