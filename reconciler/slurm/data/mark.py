"""The file `.reconciler` in a data folder, which says whose the data are; `inside/data.sh` is its writer. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: The file's name, in the folder of a replica.
FILE = ".reconciler"
#: Bytes that are read of it.
LARGEST = 4096
_FORMAT = "1"
_LINE = re.compile(r"(?P<key>[a-z]+)=(?P<value>[A-Za-z0-9:._-]*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class FolderMark:
    """Whose the data of one replica are."""

    owner: str
    service: str
    recipe: str


def read_mark(text: str) -> FolderMark | None:
    """The mark in the file's text; None when it is none, or of a format that we do not know."""
    matches = (_LINE.fullmatch(line) for line in text.splitlines())
    words = {match["key"]: match["value"] for match in matches if match}
    owner, service, recipe = (words.get(key, "") for key in ("owner", "service", "recipe"))
    return FolderMark(owner, service, recipe) if words.get("format") == _FORMAT and owner and service else None
