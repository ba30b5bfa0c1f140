"""Commits and files as the source hands them over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Revision:
    """One commit. `message` is the whole message, with trailers; `time` is the committer's, aware."""

    sha: str
    author: str
    message: str
    time: datetime

    @property
    def short(self) -> str:
        """The first twelve characters of the id, as they are written into marks."""
        return self.sha[:12]

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]


@dataclass(frozen=True, slots=True)
class File:
    """One file of a tree. `text` is None when it was not read; `refused` then says why (too large, symlink, not UTF-8).

    `blob` is the Git object id: equal ids mean equal contents.
    """

    path: str
    blob: str
    text: str | None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All files of one revision below the desired path and the recipes path, by path inside the repository."""

    revision: Revision
    files: Mapping[str, File]


@dataclass(frozen=True, slots=True)
class Change:
    """What one commit changed below the path, against its first parent. None: the file is not there on that side."""

    revision: Revision
    files: Mapping[str, tuple[File | None, File | None]]


@dataclass(frozen=True, slots=True)
class Trust:
    """Whether the head is signed by somebody trusted (None: not asked); `refused`: why it is not in force, or ""."""

    verified: bool | None = None
    refused: str = ""
