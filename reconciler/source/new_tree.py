"""New trees out of an old one and a few changed files; only the folders on the way are read and written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.errors import RejectedError
from reconciler.source.commands import Commands, Objects

_TREE = "40000"
_PLAIN = "100644"
_FILES = frozenset({_PLAIN, "100755"})
_KINDS = {_TREE: "a folder", "120000": "a symbolic link", "160000": "a submodule"}
_TYPES = {_TREE: "tree", "160000": "commit"}
_ID_BYTES = 20

#: Changed files by the parts of their paths: ids of blobs, None for one that goes.
Blobs = Mapping[tuple[bytes, ...], str | None]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a tree."""

    mode: str
    sha: str


def write_tree(commands: Commands, objects: Objects, commit: str, blobs: Blobs) -> str:
    """The tree of `commit` with these files changed, written; returns its id.

    Raises RejectedError where something else than a plain file is in the way, CloneError.
    """
    return _Writer(commands, objects).change(f"{commit}^{{tree}}", blobs, b"") or _make(commands, {})


class _Writer:
    def __init__(self, commands: Commands, objects: Objects) -> None:
        self._commands = commands
        self._objects = objects

    def change(self, tree: str, blobs: Blobs, place: bytes) -> str:
        """Id of the new tree, "" when it is empty. `tree` "" is an empty one, `place` its folder with a slash."""
        entries = dict(parse_tree(self._objects.data(tree))) if tree else {}
        for name in sorted({path[0] for path in blobs}):
            below = {path[1:]: blob for path, blob in blobs.items() if path[0] == name}
            entry = self._entry(entries.get(name), below, place + name)
            if entry:
                entries[name] = entry
            else:
                entries.pop(name, None)
        return _make(self._commands, entries) if entries else ""

    def _entry(self, old: Entry | None, below: Blobs, place: bytes) -> Entry | None:
        if () in below:
            if len(below) > 1:
                raise RejectedError(f"{place.decode()} cannot be a file and a folder")
            return _file(old, below[()], place)
        if old and old.mode != _TREE:
            raise RejectedError(f"{place.decode()} is {_kind(old)} in the repository, not a folder")
        tree = self.change(old.sha if old else "", below, place + b"/")
        return Entry(_TREE, tree) if tree else None


def parse_tree(data: bytes) -> Iterator[tuple[bytes, Entry]]:
    """A tree object's entries: mode, name and twenty bytes of id, one after the other."""
    position = 0
    while position < len(data):
        end = data.index(b"\0", position)
        mode, _, name = data[position:end].partition(b" ")
        position = end + 1 + _ID_BYTES
        yield name, Entry(mode.decode(), data[end + 1 : position].hex())


def _file(old: Entry | None, blob: str | None, place: bytes) -> Entry | None:
    if old and old.mode not in _FILES:
        raise RejectedError(f"{place.decode()} is {_kind(old)} in the repository, not a plain file")
    if blob is None:
        if old is None:
            raise RejectedError(f"{place.decode()} is not in the repository, and cannot be removed")
        return None
    return Entry(old.mode if old else _PLAIN, blob)


def _kind(entry: Entry) -> str:
    return "a file" if entry.mode in _FILES else _KINDS.get(entry.mode, f"of mode {entry.mode}")


def _make(commands: Commands, entries: Mapping[bytes, Entry]) -> str:
    return commands.make("mktree", "-z", data=b"".join(_lines(entries.items()))).decode().strip()


def _lines(entries: Iterable[tuple[bytes, Entry]]) -> Iterator[bytes]:
    for name, entry in entries:
        kind = _TYPES.get(entry.mode, "blob")
        yield f"{entry.mode} {kind} {entry.sha}\t".encode() + name + b"\0"
