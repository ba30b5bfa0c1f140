"""A text with its lines, and replacements of stretches of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.errors import ReconcilerError

_REST = re.compile(r"[ \t]*(#[^\n]*)?")
_BLANK = re.compile(r"[ \t]*")
_DASH = re.compile(r"[ \t]*-[ \t]+")


class LayoutError(ReconcilerError):
    """A place is written in a way that cannot be changed without touching something else; `index` is where."""

    def __init__(self, index: int, problem: str) -> None:
        super().__init__(problem)
        self.index = index
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Splice:
    """`text[start:end]` is to become `text`."""

    start: int
    end: int
    text: str = ""


class Text:
    """A text whose lines end as the first of them does."""

    def __init__(self, text: str) -> None:
        self.text = text
        head = text.partition("\n")
        self.newline = "\r\n" if head[1] and head[0].endswith("\r") else "\n"

    def line_start(self, index: int) -> int:
        """Where the line begins in which `index` is."""
        return self.text.rfind("\n", 0, index) + 1

    def column(self, index: int) -> int:
        """Characters before `index` in its line."""
        return index - self.line_start(index)

    def line_end(self, index: int) -> int:
        """Where the line of `index` ends, before its line break.

        Raises LayoutError when anything but a comment stands between.
        """
        rest = _REST.match(self.text, index)
        end = rest.end() if rest else index
        if self.text[end : end + 1] == "\n" and self.text[end - 1 : end] == "\r" and end > index:
            end -= 1
        if end < len(self.text) and not self.text.startswith(("\n", "\r\n"), end):
            raise LayoutError(index, "something else stands on the same line")
        return end

    def line_before(self, start: int) -> int:
        """Where the line before the one that begins at `start` ends, before its line break."""
        end = start - 1 if self.text[start - 1 : start] == "\n" else start
        return end - 1 if self.text[end - 1 : end] == "\r" else end

    def next_line(self, index: int) -> int:
        """Where the line after that of `index` begins. Raises as `line_end`."""
        end = self.line_end(index)
        return end + (2 if self.text.startswith("\r\n", end) else 1 if end < len(self.text) else 0)

    def own_line(self, index: int, *, dash: bool = False) -> int:
        """Where the line begins that `index` is the first thing on (behind a dash, for an item of a list).

        Raises LayoutError when it is not the first.
        """
        start = self.line_start(index)
        if not (_DASH if dash else _BLANK).fullmatch(self.text, start, index):
            raise LayoutError(index, "something else stands before it on the same line")
        return start

    def splice(self, splices: Iterable[Splice]) -> str:
        """The text with all replacements made. Raises LayoutError when two of them are about the same stretch."""
        parts: list[str] = []
        position = 0
        for one in sorted(splices, key=lambda one: (one.start, one.end)):
            if one.start < position:
                raise LayoutError(one.start, "two changes meet there")
            parts += self.text[position : one.start], one.text
            position = one.end
        return "".join((*parts, self.text[position:]))

    def endings(self, result: str) -> tuple[str, ...]:
        """Ways in which a changed text may end, the best first: without a line break, if there was none before.

        A `|` text that has become the last thing may need its line break.
        """
        if self.text.endswith("\n"):
            return (result,)
        body = result.rstrip("\r\n")
        return body, body + self.newline, result
