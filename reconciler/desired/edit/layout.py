"""Keys and items that come and go, in both styles of YAML: lines of their own, or between commas."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from reconciler.desired.edit.text import LayoutError, Splice, Text
from reconciler.desired.edit.tree import Entry, Node

_COMMA = re.compile(r"[ \t]*,?[ \t]*(#[^\n]*)?\r?\n")


class Layout:
    """Gathers replacements. All positions are those of the text as it was."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self.splices: list[Splice] = []

    def put(self, node: Node, text: str) -> None:
        """Another text in the place of a value."""
        self._splice(node.start, node.end, text)

    def put_below(self, node: Node, colon: int, head: str, lines: Sequence[str]) -> None:
        """In the place of a value in block style: `head` behind its key's colon, `lines` in the place of its lines."""
        if head:
            self._splice(colon, colon, f" {head}")
        start = self._text.line_before(self._text.own_line(node.entries[0].start, dash=node.kind == "list"))
        self._splice(start, self._text.line_end(node.end), "".join(self._text.newline + line for line in lines))

    def put_beside(self, node: Node, colon: int, head: str, lines: Sequence[str]) -> None:
        """In the place of a value on its key's line: `head`, or nothing of it, and `lines` below that line."""
        self._splice(node.start if head else colon, node.end, head)
        if lines:
            end = self._text.line_end(node.end)
            self._splice(end, end, self._text.newline + self._join(lines))

    def block(self, node: Node, gone: set[int], added: Mapping[int, Sequence[str]]) -> None:
        """In block style: the lines of the entries `gone` go; `added` are lines, by the entry that they come before."""
        entries, dash = node.entries, node.kind == "list"
        kept = [number for number in range(len(entries)) if number not in gone]
        lines = [line for _, some in sorted(added.items()) for line in some]
        if lines and not kept:
            start = self._text.own_line(entries[0].start, dash=dash)
            self._splice(start, self._text.line_end(entries[0].end), self._join(lines))
            gone = gone - {0}
        else:
            for at, some in sorted(added.items()):
                self._add_in_block(node, [number for number in kept if number < at], kept, some)
        for number in sorted(gone):
            start = self._text.own_line(entries[number].start, dash=dash)
            self._splice(self._text.line_before(start), self._text.line_end(entries[number].end))

    def _add_in_block(self, node: Node, before: Sequence[int], kept: Sequence[int], lines: Sequence[str]) -> None:
        end = self._text.line_end(node.entries[before[-1]].end) if before else 0
        cut = end == len(self._text.text) and node.kind == "mapping" and _is_open(node.entries[before[-1]].value)
        if lines and before and not cut:
            self._splice(end, end, self._text.newline + self._join(lines))
        elif lines:
            following = node.entries[before[-1] if cut else kept[0]]
            start = self._text.own_line(following.start, dash=node.kind == "list")
            self._splice(start, start, self._join(lines) + self._text.newline)

    def flow(self, node: Node, gone: set[int], added: Mapping[int, Sequence[str]]) -> None:
        """In flow style: the entries `gone` go with their commas; `added` are texts, by the entry they come before."""
        entries = node.entries
        kept = [number for number in range(len(entries)) if number not in gone]
        texts = [text for _, some in sorted(added.items()) for text in some]
        if not entries:
            self._splice(node.inner, node.inner, ", ".join(texts))
        elif not kept:
            self._check_gaps(entries)
            self._splice(entries[0].start, entries[-1].end, ", ".join(texts))
        else:
            for at, some in sorted(added.items()):
                self._add_in_flow(entries, [number for number in kept if number < at], kept[0], some)
            for first, last in _runs(gone):
                self._drop_in_flow(entries, first, last)

    def _add_in_flow(self, entries: Sequence[Entry], before: Sequence[int], first: int, texts: Sequence[str]) -> None:
        if texts and before:
            end = entries[before[-1]].end
            self._splice(end, end, "".join(f", {text}" for text in texts))
        elif texts:
            start = entries[first].start
            self._splice(start, start, "".join(f"{text}, " for text in texts))

    def _drop_in_flow(self, entries: Sequence[Entry], first: int, last: int) -> None:
        """Entries side by side, of which at least one neighbour stays."""
        start = self._text.line_start(entries[first].start)
        rest = _COMMA.match(self._text.text, entries[last].end)
        if rest and not self._text.text[start : entries[first].start].strip(" \t"):
            self._check_gaps(entries[first : last + 1])
            self._splice(start, rest.end())
        elif first:
            self._check_gaps(entries[first - 1 : last + 1])
            self._splice(entries[first - 1].end, entries[last].end)
        else:
            self._check_gaps(entries[first : last + 2])
            self._splice(entries[first].start, entries[last + 1].start)

    def _check_gaps(self, entries: Sequence[Entry]) -> None:
        """Raise LayoutError when there are comments between entries that would go with them."""
        for one, following in pairwise(entries):
            if "#" in self._text.text[one.end : following.start]:
                raise LayoutError(following.start, "comments stand between the commas")

    def _join(self, lines: Sequence[str]) -> str:
        return self._text.newline.join(lines)

    def _splice(self, start: int, end: int, text: str = "") -> None:
        self.splices.append(Splice(start, end, text))


def _is_open(node: Node) -> bool:
    """Whether it ends with a `|` or `>` text, to which a line break at the end of the file would be added."""
    while node.block and node.entries:
        node = node.entries[-1].value
    return node.style in ("|", ">")


def _runs(numbers: set[int]) -> Iterator[tuple[int, int]]:
    """The first and the last of each run of numbers."""
    for number in sorted(numbers):
        if number - 1 not in numbers:
            last = number
            while last + 1 in numbers:
                last += 1
            yield number, last
