"""Processes as /proc shows them (proc(5)), and how to end them without ever hitting a stranger."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class Process:
    """One process; `start` (clock ticks since boot) tells it from a later one with the same pid."""

    pid: int
    parent: int
    session: int
    start: int
    zombie: bool


def look(pid: int) -> Process | None:
    """The process of that pid, None when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name before may hold anything, also blanks and parentheses
    return Process(pid, int(fields[1]), int(fields[3]), int(fields[19]), zombie=fields[0] in "ZX")


def lives(process: Process) -> bool:
    """Whether exactly this process has not ended."""
    now = look(process.pid)
    return now is not None and now.start == process.start and not now.zombie


def every() -> Iterator[Process]:
    """All processes that can be seen."""
    found = (look(int(entry)) for entry in os.listdir("/proc") if entry.isdigit())  # noqa: PTH208 - names are enough
    return (process for process in found if process)


def environment(process: Process) -> list[str]:
    """The environment that a process was started with; empty when it may not be read or was overwritten."""
    try:
        return Path(f"/proc/{process.pid}/environ").read_text(errors="replace").split("\0")
    except OSError:
        return []


def holds(process: Process, folder: Path) -> bool:
    """Whether a process has its working folder or an open file in `folder`."""
    links = [Path(f"/proc/{process.pid}/cwd")]
    try:
        links += Path(f"/proc/{process.pid}/fd").iterdir()
        return any(folder in (path := link.readlink()).parents or folder == path for link in links)
    except OSError:
        return False


def program(process: Process) -> str:
    """Name of the program that a process runs, empty when it may not be read."""
    try:
        return Path(f"/proc/{process.pid}/exe").readlink().name
    except OSError:
        return ""


def with_descendants(roots: Iterable[Process]) -> set[Process]:
    """`roots` and everything that they and their children started and that is still below them."""
    children: dict[int, list[Process]] = {}
    for process in every():
        children.setdefault(process.parent, []).append(process)
    found: set[Process] = set()
    rest = list(roots)
    while rest:
        process = rest.pop()
        if process not in found:
            found.add(process)
            rest += children.get(process.pid, [])
    return found


def ancestors() -> set[int]:
    """Pids of this process and of those above it."""
    found: set[int] = set()
    process = look(os.getpid())
    while process:
        found.add(process.pid)
        process = look(process.parent)
    return found


def send(process: Process, number: signal.Signals) -> None:
    """Signal exactly this process; nothing happens when it is gone, even if its pid has a new owner."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        now = look(process.pid)
        if now and now.start == process.start:
            signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        pass
    finally:
        os.close(handle)


def end(find: Callable[[], set[Process]], patience: float, deadline: float = 10.0) -> set[Process]:
    """End all that `find` finds: SIGTERM, after `patience` seconds SIGKILL, until `deadline` seconds have passed.

    `find` is asked again and again, so that what is started meanwhile does not escape. Returns what is left.
    """
    begin = time.monotonic()
    asked: set[Process] = set()
    while left := {process for process in find() if not process.zombie}:
        waited = time.monotonic() - begin
        if waited > deadline:
            return left
        for process in left if waited > patience else left - asked:
            send(process, signal.SIGKILL if waited > patience else signal.SIGTERM)
        asked |= left
        time.sleep(_PAUSE)
    return set()
