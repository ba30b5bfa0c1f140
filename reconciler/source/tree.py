"""All files of one revision below some folders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.models.revision import File
from reconciler.source.commands import Commands
from reconciler.source.reader import Reader, is_wanted, path_text


@dataclass(frozen=True, slots=True)
class _Entry:
    path: str
    mode: str
    blob: str
    size: int | None


def read_tree(commands: Commands, sha: str, folders: Sequence[str], known: Mapping[str, str]) -> dict[str, File]:
    """Files below `folders` ("" is all) at commit `sha`, by path, in the order of paths.

    A folder that is not there gives no files. `known`: see Reader. Raises SourceError.
    """
    with commands.objects() as objects:
        reader = Reader(objects, known)
        entries = _list(commands, sha, folders)
        return {entry.path: reader.file(entry.path, entry.mode, entry.blob, entry.size) for entry in entries}


def _list(commands: Commands, sha: str, folders: Sequence[str]) -> Iterator[_Entry]:
    """Entries worth a file. Trees are listed as well (-t), so that nested empty ones count towards the limit too."""
    paths = [folder for folder in folders if folder] if all(folders) else []
    output = commands.local("ls-tree", "-r", "-t", "-z", "-l", "--full-tree", sha, "--", *paths)
    for record in output.split(b"\0")[:-1]:
        words, _, raw = record.partition(b"\t")
        mode, _, blob, size = words.decode().split()
        path = path_text(raw)
        if is_wanted(path, mode):
            yield _Entry(path, mode, blob, int(size) if size.isdigit() else None)
