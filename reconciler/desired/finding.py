"""What is wrong with one place of a document, before it is known where in the file that place is."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

#: Keys and list positions from the top of a document to one place.
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A complaint whose place is a path of keys; `Document.complain` turns it into one with line and column."""

    path: Path
    problem: str
    found: str = ""
    expected: str = ""
    fix: str = ""


def field_name(path: Path) -> str:
    """`spec.tolerations[0].key`, as people write it."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The fix for a word that is not known: the nearest one that is, or else all of them."""
    words = sorted(known)
    near = difflib.get_close_matches(word.lower()[:80], [one.lower() for one in words], n=1, cutoff=0.6)
    if near:
        return f"did you mean `{next(one for one in words if one.lower() == near[0])}`?"
    return f"known: {', '.join(words)}" if words else "none is known"
