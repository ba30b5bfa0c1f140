"""Reading files in folders that jobs can write to: a job may put a link or a pipe where a file is expected."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def read_plain(path: Path, size: int, *, tail: bool = False) -> bytes:
    """The first bytes of a plain file, or with `tail` the last; none where it is something else or cannot be read.

    No link is followed, and opening a pipe does not wait.
    """
    return read_part(path, size, None if tail else 0)[0]


def read_part(path: Path, size: int, start: int | None) -> tuple[bytes, int]:
    """At most `size` bytes from `start` on, or the last ones (None), and where they begin; as read_plain reads.

    A file that has become shorter than `start` is read from its beginning.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b"", start or 0
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return b"", start or 0
        begin = max(0, found.st_size - size) if start is None else start if start <= found.st_size else 0
        file.seek(begin)
        return file.read(size), begin
