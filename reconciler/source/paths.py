"""Where a commit of ours may put a file: a YAML file inside the tree, and nowhere that Git itself or a system minds."""

from __future__ import annotations

import re

from reconciler.errors import RejectedError

_SUFFIXES = (".yaml", ".yml")
_PART_LIMIT = 255  # bytes: the longest name that usual file systems take
_PATH_LIMIT = 1024
#: `.git`, and what some file systems take for it (git-fsck(1), hasDotgit).
_GIT = re.compile(r"(\.git|git~\d+)[ .]*(:.*)?", re.IGNORECASE)


def split_path(path: str) -> tuple[bytes, ...]:
    """`desired/a.yaml` → its parts as Git has them. Raises RejectedError for a path that no file of ours may have."""
    parts = path.split("/")
    why = _complaint(path, parts)
    if why:
        raise RejectedError(f"{path!r} cannot be written: {why}")
    return tuple(part.encode() for part in parts)


def _complaint(path: str, parts: list[str]) -> str:
    if not path.isprintable() or "\\" in path:
        return "it has a backslash, or characters that cannot be printed"
    if {"", ".", ".."} & set(parts):
        return "it is not a plain path inside the repository"
    if any(_GIT.fullmatch(part) for part in parts):
        return "a part of it is Git's own"
    if not path.endswith(_SUFFIXES):
        return "it does not end with .yaml or .yml"
    if len(path.encode()) > _PATH_LIMIT or any(len(part.encode()) > _PART_LIMIT for part in parts):
        return "it is too long"
    return ""
