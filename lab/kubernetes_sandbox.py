"""The room that a node's programs live in; run as a program, it needs nothing but the standard library.

Containers, mounts and files of a node are many and hard to find again after a crash, so they are made where the kernel
itself removes them: in a process namespace whose end ends every process in it, and in a mount namespace that takes all
mounts with it (namespaces(7)). There /run, /var/lib and /var/log are folders of the lab, the kernel parameters that
the kubelet insists on are files of the lab, and the control groups begin at a group of the lab.

    kubernetes_sandbox.py FOLDER CGROUP

The process that was started waits outside. Inside, the first process starts every program whose `<name>.json` (a list
of words) appears in FOLDER/programs, logs to FOLDER/logs/<name>.log, starts it again when it ends, and reaps orphans.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

# Flags of unshare(2) and an option of prctl(2), from <linux/sched.h> and <linux/prctl.h>.
_NEW_MOUNTS, _NEW_CGROUPS, _NEW_PIDS = 0x0002_0000, 0x0200_0000, 0x2000_0000
_DEATH_SIGNAL = 1

#: What the kubelet writes when it finds something else (setupKernelTunables in its container_manager_linux.go).
PARAMETERS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
#: Folders of the host that the node's programs write to whatever they are told; they see empty ones.
HIDDEN = ("/run", "/var/lib", "/var/log")
_PAUSE = 0.05
_PENALTY = 0.5

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Hierarchy:
    """A mounted hierarchy of control groups (cgroups(7)). `options` are those it must be mounted with again."""

    path: Path
    kind: str
    options: str


def hierarchies() -> list[Hierarchy]:
    """All of this machine, from /proc/self/mountinfo (proc(5))."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, after = line.split(" - ")
        kind, _, options = after.split()[:3]
        if kind in {"cgroup", "cgroup2"}:
            wanted = [word for word in options.split(",") if word not in {"rw", "ro"} and "agent=" not in word]
            named = ["none"] if any(word.startswith("name=") for word in wanted) else []
            found.append(Hierarchy(Path(before.split()[4]), kind, ",".join(named + wanted)))
    return found


def join(group: str) -> None:
    """Make the control group `group` at the top of every hierarchy, and move this process into it."""
    for hierarchy in hierarchies():
        folder = hierarchy.path / group
        if hierarchy.kind == "cgroup2":
            _delegate(hierarchy.path)
        folder.mkdir(exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):  # version 1: empty in a new group, and then nothing may join
            if hierarchy.kind == "cgroup" and (hierarchy.path / name).exists():
                (folder / name).write_text((hierarchy.path / name).read_text())
        (folder / "cgroup.procs").write_text("0")


def _delegate(top: Path) -> None:
    """Let groups below `top` use all controllers (version 2) that they can."""
    on = (top / "cgroup.subtree_control").read_text().split()
    for controller in (top / "cgroup.controllers").read_text().split():
        if controller not in on:
            with contextlib.suppress(OSError):  # such as cpu, while a real-time process runs
                (top / "cgroup.subtree_control").write_text(f"+{controller}")


def see_own_groups() -> None:
    """Make this process's group the top of what is seen below /sys/fs/cgroup."""
    found = hierarchies()
    _check(_libc.unshare(_NEW_CGROUPS), "unshare cgroups")
    for hierarchy in found:
        _run("umount", str(hierarchy.path))
        words = ["-o", hierarchy.options] if hierarchy.kind == "cgroup" else []
        _run("mount", "-t", hierarchy.kind, *words, hierarchy.kind, str(hierarchy.path))
        if hierarchy.kind == "cgroup2":  # a group with processes of its own may not have groups with limits below it
            leaf = hierarchy.path / "programs"
            leaf.mkdir()
            (leaf / "cgroup.procs").write_text("0")


def see_own_files(folder: Path) -> None:
    """Put folders and files of the lab in the place of those that a node would change."""
    _run("mount", "--make-rprivate", "/")
    _run("mount", "--make-rshared", "/")  # as containers expect; shared only among the mount namespaces below
    for hidden in HIDDEN:
        own = folder / "root" / hidden.strip("/")
        own.mkdir(parents=True)
        _run("mount", "--bind", str(own), hidden)
    _run("mount", "-t", "proc", "proc", "/proc")
    for name, value in PARAMETERS.items():
        parameter = Path("/proc/sys") / name
        if parameter.exists():
            own = folder / "root" / "parameters" / name
            own.parent.mkdir(parents=True, exist_ok=True)
            own.write_text(f"{value}\n")
            _run("mount", "--bind", str(own), str(parameter))


class Programs:
    """The programs of one folder, started when they are named there and again whenever they end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[int, str] = {}
        self._resting: dict[str, float] = {}

    def keep(self) -> None:
        """Do so until killed."""
        while True:
            for name in self._due():
                self._running[self._start(name)] = name
            for pid in _ended():
                if pid in self._running:
                    self._resting[self._running.pop(pid)] = time.monotonic() + _PENALTY
            time.sleep(_PAUSE)

    def _due(self) -> list[str]:
        named = [path.stem for path in sorted((self._folder / "programs").glob("*.json"))]
        busy = set(self._running.values())
        return [name for name in named if name not in busy and self._resting.get(name, 0.0) < time.monotonic()]

    def _start(self, name: str) -> int:
        argv = json.loads((self._folder / "programs" / f"{name}.json").read_text())
        with (self._folder / "logs" / f"{name}.log").open("ab") as log:
            return os.posix_spawnp(
                argv[0],
                argv,
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, log.fileno(), 1),
                    (os.POSIX_SPAWN_DUP2, log.fileno(), 2),
                ],
                setsid=True,
            )


def _ended() -> Iterator[int]:
    """Pids of children that have ended, the node's orphans among them."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid


def inside(folder: Path) -> None:
    """What the first process of the namespaces does; never returns."""
    _check(_libc.prctl(_DEATH_SIGNAL, signal.SIGKILL), "prctl")
    _check(_libc.unshare(_NEW_MOUNTS), "unshare mounts")
    see_own_files(folder)
    see_own_groups()
    (folder / "sandbox.ready").touch()
    Programs(folder).keep()


def outside(child: int) -> int:
    """Wait for the first process; SIGTERM and SIGINT end it, and everything in its namespaces, at once."""

    def end(_number: int, _frame: FrameType | None) -> None:
        os.kill(child, signal.SIGKILL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def main() -> int:
    """Enter the namespaces and stay."""
    folder, group = Path(sys.argv[1]), sys.argv[2]
    _check(_libc.unshare(_NEW_PIDS), "unshare processes")
    child = os.fork()
    if child:
        return outside(child)
    join(group)
    inside(folder)
    return 1


def _check(result: int, what: str) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True)


if __name__ == "__main__":
    sys.exit(main())
