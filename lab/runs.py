"""The folders of all labs of this user: whose keeper lives, and who cleans up after those whose keeper is dead.

The keeper of a lab holds a lock (flock(2)) on its folder, which the kernel drops when the keeper ends, however it
ends. Whoever gets the lock may clean up, and nobody else does so at the same time.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab import host, proc
from lab.host import LabError
from lab.ledger import Ledger
from lab.undo import undo

_PID = "keeper.pid"
_SECONDS = 30.0
_PAUSE = 0.03


def folder_of(name: str) -> Path:
    """Where the lab of that name has its folder. Raises LabError for a name that is no plain word."""
    if not name.replace("-", "").isalnum() or not name.isascii() or name.startswith("-") or len(name) > 40:
        raise LabError(f"{name!r} is no name for a lab: letters, digits and dashes, at most 40")
    return host.run_root() / name


def all_folders() -> list[Path]:
    """The folders of all labs, alive or dead; those on their way in or out have names with a dot in front."""
    return sorted(folder for folder in host.run_root().iterdir() if folder.is_dir())


def claim(name: str) -> tuple[Path, int]:
    """A new folder for the lab `name`, and the lock on it (a file descriptor) that says that its keeper lives.

    The folder is made under another name, locked, and then renamed: nobody ever sees it without its lock.
    Raises LabError when there is a lab of that name.
    """
    folder = folder_of(name)
    young = host.run_root() / f".new-{secrets.token_hex(4)}"
    young.mkdir(mode=0o755)
    lock = _lock(young)
    if lock is None:
        raise LabError(f"{young} was taken away by another start; try again")
    me = proc.look(os.getpid())
    assert me
    (young / _PID).write_text(f"{me.pid} {me.start}")
    try:
        young.rename(folder)
    except OSError as error:
        shutil.rmtree(young)
        os.close(lock)
        raise LabError(f"a lab {name} is there already; end it with `python -m lab down --name {name}`") from error
    return folder, lock


def keeper(folder: Path) -> proc.Process | None:
    """The living keeper of the lab in `folder`, None when there is none."""
    try:
        pid, start = map(int, (folder / _PID).read_text().split())
    except FileNotFoundError:
        return None
    found = proc.look(pid)
    return found if found and found.start == start and not found.zombie else None


def clean_dead() -> list[str]:
    """Put back and remove what labs without a living keeper have left. Returns what could not be put back."""
    problems = []
    for folder in all_folders():
        with _held(folder) as lock:
            if lock is not None:
                problems += bury(folder)
    return problems


def end(folder: Path) -> None:
    """End the lab in `folder`, alive or dead, and wait until all is put back. Raises LabError when that fails."""
    found = keeper(folder)
    if found:
        proc.send(found, signal.SIGTERM)
    give_up = time.monotonic() + _SECONDS
    while found and proc.lives(found):
        if time.monotonic() > give_up:
            proc.send(found, signal.SIGKILL)
        time.sleep(_PAUSE)
    if problems := clean_dead():
        raise LabError(f"{folder} is ended, but not all could be put back: {'; '.join(problems)}")


def bury(folder: Path) -> list[str]:
    """Put back all that a lab did and remove its folder; the caller holds its lock.

    Returns what could not be put back; the folder then stays, so that it can be tried again.
    """
    problems = undo(Ledger(folder / "ledger.jsonl"))
    if problems or not folder.exists():
        return problems
    dead = folder.with_name(f".dead-{secrets.token_hex(4)}")
    folder.rename(dead)  # the name is free at once, and a new lab of that name is not what is removed here
    try:
        shutil.rmtree(dead)
    except OSError as error:
        return [f"{dead} cannot be removed: {error}"]
    return []


@contextmanager
def _held(folder: Path) -> Iterator[int | None]:
    """The lock on a folder, None when its keeper holds it or the folder is gone.

    A keeper that was killed a moment ago may hold it until the last of its threads has ended, and somebody else who
    cleans up until that is done: both are waited for.
    """
    give_up = time.monotonic() + _SECONDS
    while (lock := _lock(folder)) is None and folder.exists() and keeper(folder) is None:
        if time.monotonic() > give_up:
            break
        time.sleep(_PAUSE)
    try:
        yield lock
    finally:
        if lock is not None:
            os.close(lock)


def _lock(folder: Path) -> int | None:
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle
