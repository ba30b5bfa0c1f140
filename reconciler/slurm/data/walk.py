"""Walking through folders by what they are, never by where a link points: how large, how old, and their end.

Everything goes by open folders (`dir_fd`) and `O_NOFOLLOW`: a name that becomes a link in between leads nowhere.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCK = 512  # of st_blocks, whatever the file system's own are (stat(2))


@dataclass(slots=True)
class Measure:
    """Bytes on disk, and the newest change in seconds since the epoch. `partial`: not all of it was seen."""

    used: int = 0
    newest: float = 0.0
    partial: bool = False


@contextmanager
def opened(name: str | os.PathLike[str], inside: int | None = None) -> Iterator[int]:
    """A folder, open; OSError when it is none, or a link."""
    handle = os.open(name, _FOLDER, dir_fd=inside)
    try:
        yield handle
    finally:
        os.close(handle)


def is_folder(name: str, inside: int) -> bool:
    """Whether it is a folder itself, not a link to one."""
    try:
        return stat.S_ISDIR(os.stat(name, dir_fd=inside, follow_symlinks=False).st_mode)
    except OSError:
        return False


@contextmanager
def unless_of_others(name: str, inside: int) -> Iterator[None]:
    """Pass over what is gone, what is no folder, and what another user keeps to himself, as jobs of his do."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        return
    except PermissionError:
        if os.stat(name, dir_fd=inside, follow_symlinks=False).st_uid == os.geteuid():
            raise


def names(inside: int) -> list[str]:
    """What is in an open folder, sorted; nothing where it cannot be read."""
    try:
        return sorted(os.listdir(inside))
    except OSError:
        return []


def measure(name: str, inside: int, over: Callable[[], bool]) -> Measure:
    """How large a folder is, with all below it; as far as it can be read. `over` says when there is no more time."""
    found = Measure()
    if not is_folder(name, inside):
        _add(found, name, inside)
        return found

    def _unread(error: OSError) -> None:
        found.partial |= not isinstance(error, FileNotFoundError)  # which is gone meanwhile

    try:
        for _, folders, files, handle in os.fwalk(name, dir_fd=inside, follow_symlinks=False, onerror=_unread):
            for one in (*folders, *files):
                _add(found, one, handle)
            if over():
                found.partial = True
                break
    except (OSError, RecursionError):
        found.partial = True
    return found


def _add(found: Measure, name: str, inside: int) -> None:
    try:
        status = os.stat(name, dir_fd=inside, follow_symlinks=False)
    except OSError:
        return  # gone meanwhile
    found.used += status.st_blocks * _BLOCK
    found.newest = max(found.newest, status.st_mtime)


def remove(name: str, inside: int) -> None:
    """Remove what has this name in an open folder; of a link the link itself. Gone already is a success.

    Raises OSError for what could not be removed.
    """
    try:
        if is_folder(name, inside):
            shutil.rmtree(name, dir_fd=inside)  # which never follows a link where it can go by open folders
        else:
            os.unlink(name, dir_fd=inside)
    except FileNotFoundError:
        return
    except RecursionError as error:
        raise OSError(errno.ELOOP, "its folders are nested too deep") from error
