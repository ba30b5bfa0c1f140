"""Reading files in folders that jobs can write to: a job may put a link or a pipe where a file is expected."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def read_plain(path: Path, size: int, *, tail: bool = False) -> bytes:
    """The first bytes of a plain file, or with `tail` the last; none where it is something else or cannot be read.

    No link is followed, and opening a pipe does not wait.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return b""
        if tail:
            file.seek(max(0, found.st_size - size))
        return file.read(size)
