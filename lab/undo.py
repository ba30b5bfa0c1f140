"""Putting back what a ledger lists: processes first, since they hold the rest, then everything else, newest first."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

from lab import proc
from lab.host import is_root
from lab.ledger import Entry, Ledger, cgroup_paths, sysctl_path

#: Seconds between SIGTERM and SIGKILL.
PATIENCE = 1.0
_SHARED = {"sysctl", "folder"}


def undo(ledger: Ledger, patience: float = PATIENCE) -> list[str]:
    """Put back all that `ledger` lists, and unmount everything below its folder; can be repeated.

    Takes at most some ten seconds. Returns what could not be put back, one line each.
    """
    entries = ledger.entries()
    left = proc.end(lambda: processes(entries), patience)
    problems = [f"process {process.pid} ({proc.program(process)}) does not end" for process in left]
    others = ledger.elsewhere()
    for entry in reversed(entries):
        act = _ACTS.get(entry.kind)
        if act and not _needed(entry, others):
            problems += _attempt(act, entry)
    return problems + _unmount_below(ledger.path.parent)


def processes(entries: list[Entry]) -> set[proc.Process]:
    """Living processes that the entries mean, with all below them, without those that this one stands on."""
    started = {(int(entry.words[0]), int(entry.words[1])) for entry in entries if entry.kind == "process"}
    marks = [entry.words for entry in entries if entry.kind == "marked"]
    holders = [(entry.words[0], Path(entry.words[1])) for entry in entries if entry.kind == "holders"]
    roots = [
        process
        for process in proc.every()
        if (process.pid, process.start) in started
        or any(_bears(process, words) for words in marks)
        or any(proc.program(process).startswith(name) and proc.holds(process, folder) for name, folder in holders)
    ]
    above = proc.ancestors()
    return {process for process in proc.with_descendants(roots) if process.pid not in above}


def _bears(process: proc.Process, words: tuple[str, ...]) -> bool:
    environment = proc.environment(process)
    names = {variable.partition("=")[0] + "=" for variable in environment}
    return all(word in names or word in environment for word in words)


def _needed(entry: Entry, others: list[Entry]) -> bool:
    """Whether another lab shares this, and will put it back."""
    return entry.kind in _SHARED and any(
        (other.kind, other.words[0]) == (entry.kind, entry.words[0]) for other in others
    )


def _attempt(act: Callable[[tuple[str, ...]], None], entry: Entry) -> list[str]:
    try:
        act(entry.words)
    except (OSError, subprocess.SubprocessError) as error:
        return [f"{entry.kind} {' '.join(entry.words)}: {error}"]
    return []


def _command(*argv: str) -> None:
    """Run a command that says what it has to say by its exit code. Raises OSError with its words."""
    done = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
    if done.returncode:
        raise OSError(done.stderr.strip() or f"{argv[0]} ended with {done.returncode}")


def _mount(words: tuple[str, ...]) -> None:
    path = Path(words[0])
    if path in _mounts():
        _command("umount", "--lazy", str(path))


def _namespace(words: tuple[str, ...]) -> None:
    if (Path("/run/netns") / words[0]).exists():
        _command("ip", "netns", "delete", words[0])


def _link(words: tuple[str, ...]) -> None:
    if (Path("/sys/class/net") / words[0]).exists():
        _command("ip", "link", "delete", words[0])


def _route(words: tuple[str, ...]) -> None:
    # A route goes with its link; so that it is gone already is the usual case.
    subprocess.run(["ip", "route", "del", *words], capture_output=True, timeout=10, check=False)


def _cgroup(words: tuple[str, ...]) -> None:
    for top in cgroup_paths(words[0]):
        proc.end(partial(_members, top), patience=0.0)
        for folder, _, _ in os.walk(top, topdown=False):
            Path(folder).rmdir()


def _members(top: Path) -> set[proc.Process]:
    pids = {pid for path in top.rglob("cgroup.procs") for pid in path.read_text().split()}
    return {process for pid in pids if (process := proc.look(int(pid)))}


def _sysctl(words: tuple[str, ...]) -> None:
    sysctl_path(words[0]).write_text(words[1])


def _folder(words: tuple[str, ...]) -> None:
    folder = Path(words[0])
    problems = _unmount_below(folder)
    if problems:
        raise OSError("; ".join(problems))
    if folder.exists():
        shutil.rmtree(folder)


_ACTS: dict[str, Callable[[tuple[str, ...]], None]] = {
    "mount": _mount,
    "namespace": _namespace,
    "link": _link,
    "route": _route,
    "cgroup": _cgroup,
    "sysctl": _sysctl,
    "folder": _folder,
}


def _mounts() -> list[Path]:
    """All mount points, in the order in which they were made (proc(5), mountinfo; octal escapes undone)."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [Path(line.split()[4].encode().decode("unicode_escape")) for line in lines]


def _unmount_below(folder: Path) -> list[str]:
    """Unmount everything below a folder, so that removing it cannot reach into something else."""
    if not is_root():
        return []
    for path in reversed(_mounts()):
        if folder in path.parents or path == folder:
            subprocess.run(["umount", "--lazy", str(path)], capture_output=True, timeout=10, check=False)
    return [f"{path} is still mounted" for path in _mounts() if folder in path.parents]
