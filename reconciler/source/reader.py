"""Files out of Git objects, within limits: a stranger's repository must not fill the memory or leave its tree."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.models.revision import File
from reconciler.source.commands import Objects

#: Most bytes of one file that is read.
FILE_LIMIT = 2**20
#: Most bytes of all files that one reader reads.
TOTAL_LIMIT = 64 * 2**20
#: Most files that one reader reads.
COUNT_LIMIT = 20_000

_SUFFIXES = (".yaml", ".yml")
_TREE = "040000"
_PLAIN = frozenset({"100644", "100755"})
_KINDS = {"120000": "a symbolic link", "160000": "a submodule"}


def is_wanted(path: str, mode: str) -> bool:
    """Whether an entry of a tree is a file for us: YAML, or something that may hide YAML behind a link."""
    return mode != _TREE and (mode not in _PLAIN or path.endswith(_SUFFIXES))


def path_text(raw: bytes) -> str:
    r"""A path as text; bytes that are not UTF-8 are shown as \xNN."""
    return raw.decode("utf-8", "backslashreplace")


class Reader:
    """Reads files until its limits are reached; what it does not read it refuses, with words.

    `known` maps ids of blobs to texts that were read earlier, which are not read again.
    """

    def __init__(self, objects: Objects, known: Mapping[str, str]) -> None:
        self._objects = objects
        self._known = known
        self._bytes_left = TOTAL_LIMIT
        self._files_left = COUNT_LIMIT

    def file(self, path: str, mode: str, blob: str, size: int | None = None) -> File:
        """One file of a tree; `size` in bytes where it is known already. Raises CloneError."""
        refused = _refuse_entry(path, mode)
        if refused:
            return File(path, blob, None, refused)
        size = self._objects.size(blob) if size is None else size
        refused = self._refuse_size(size)
        return File(path, blob, None, refused) if refused else self._read(path, blob)

    def _refuse_size(self, size: int) -> str:
        if size > FILE_LIMIT:
            return f"it has {size} bytes; at most {FILE_LIMIT} are read"
        self._files_left -= 1
        if self._files_left < 0:
            return f"there are too many files; at most {COUNT_LIMIT} are read"
        self._bytes_left -= size
        if self._bytes_left < 0:
            return f"the files before it are too large; at most {TOTAL_LIMIT} bytes are read in all"
        return ""

    def _read(self, path: str, blob: str) -> File:
        text = self._known.get(blob)
        if text is not None:
            return File(path, blob, text)
        data = self._objects.data(blob)
        try:
            return File(path, blob, data.decode("utf-8"))
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            return File(path, blob, None, f"it is not UTF-8: byte 0x{data[error.start]:02x} in line {line}")


def _refuse_entry(path: str, mode: str) -> str:
    if mode not in _PLAIN:
        return f"it is {_KINDS.get(mode, f'of mode {mode}')}; only plain files are read"
    if not path.isprintable() or "\\" in path:
        return "its name has a backslash, control characters or bytes that are not UTF-8"
    return ""
