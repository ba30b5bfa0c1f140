"""A document that goes: its own comments and its `---` go with it, those of the others stay."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reconciler.desired.edit.text import Splice, Text
from reconciler.desired.edit.tree import Section

_SEPARATOR = re.compile(r"---[ \t]*\r?\n")


def without_document(text: Text, sections: Sequence[Section], number: int) -> str:
    """The text without one of its documents.

    With it go comments between its `---` and its first key, those directly above the first key where there is no
    `---`, and indented ones below its last line. Comments at the margin below it may be about the next one, and stay.
    Raises LayoutError when something else stands on its lines.
    """
    section = sections[number]
    following = sections[number + 1] if number + 1 < len(sections) else None
    start = section.start if section.explicit else _first_comment(text, section.root.start)
    end = _last_line(text, section)
    limit = following.start if following else len(text.text)
    if not text.text[end:limit].strip():
        end = limit
    splices = [Splice(start, end)]
    if not section.explicit and not number and following:
        separator = _SEPARATOR.match(text.text, following.start)
        splices += [Splice(following.start, separator.end())] if separator else []
    if end == len(text.text):
        splices[0] = Splice(_without_blanks(text.text, start), end)
    return text.splice(splices)


def _first_comment(text: Text, index: int) -> int:
    """Where the comment lines begin that stand directly above."""
    start = text.line_start(index)
    while start and text.text[text.line_start(start - 1) : start].lstrip().startswith("#"):
        start = text.line_start(start - 1)
    return start


def _last_line(text: Text, section: Section) -> int:
    """Where a document's last line ends, and the indented comments below it."""
    end = text.next_line(section.root.end if section.closed is None else section.closed)
    for line in _lines(text.text, end):
        if not (line[:1] in (" ", "\t") and line.lstrip().startswith("#")):
            break
        end += len(line)
    return end


def _lines(text: str, start: int) -> Iterator[str]:
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


def _without_blanks(text: str, start: int) -> int:
    """Blank lines at the end of a file go with what stood below them, unless a text may count them (`|+`)."""
    head = text[:start]
    if re.search(r"[|>]\d?\+", head):
        return start
    body = head.rstrip()
    rest = head[len(body) :]
    return len(body) + (rest.find("\n") + 1 if "\n" in rest else len(rest))
