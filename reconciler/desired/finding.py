"""What is wrong with one place of a document, before it is known where in the file that place is."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

#: Keys and list positions from the top of a document to one place.
Path = tuple[str | int, ...]


#: Words that are looked at one by one (about 10 µs each).
_MANY = 2_000
#: Words that are listed.
_SHOWN = 30


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
    """The fix for a word that is not known: the nearest one that is, or else all of them, if they are not many."""
    words = sorted(known)
    found = _nearest(word, words)
    if found:
        return f"did you mean `{found}`?"
    more = f" and {len(words) - _SHOWN:,} more" if len(words) > _SHOWN else ""
    return f"known: {', '.join(words[:_SHOWN])}{more}" if words else "none is known"


def near(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?` for the end of a sentence, or "" where nothing is near."""
    found = _nearest(word, sorted(known))
    return f"; did you mean `{found}`?" if found else ""


def _nearest(word: str, words: list[str]) -> str:
    """The word that is most like one that is not known; of very many, only those with its first letter."""
    word = word.lower()[:80]
    if len(words) > _MANY:
        words = [one for one in words if one[:1].lower() == word[:1]][:_MANY]
    found = difflib.get_close_matches(word, [one.lower() for one in words], n=1, cutoff=0.6)
    return next(one for one in words if one.lower() == found[0]) if found else ""
