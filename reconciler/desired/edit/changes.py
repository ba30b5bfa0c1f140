"""One document's values to other values, as replacements of the smallest stretches of its text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from reconciler.desired.edit.layout import Layout
from reconciler.desired.edit.text import LayoutError, Splice, Text
from reconciler.desired.edit.tree import Entry, Node
from reconciler.desired.edit.writing import Block, flow_entry, in_flow, inline
from reconciler.desired.nodes import Plain

_SHARED = "it has an anchor or is an alias, so that other places may be meant as well"
#: Comparisons of items of two lists.
_MANY = 1_000_000
_COLON = re.compile(r"[ \t]*:")


def same(one: Plain, other: Plain) -> bool:
    """Whether two values are the same to whoever reads them as YAML: 1 is not 1.0 and not true."""
    return one == other and json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


class Changes:
    """Gathers the replacements that make one document say something else. Raises LayoutError where none can."""

    def __init__(self, text: Text, root: Node) -> None:
        self._text = text
        self._block = Block(_step(text, root), literals=text.text.endswith("\n"))
        self._layout = Layout(text)

    @property
    def splices(self) -> Sequence[Splice]:
        """Those that were gathered."""
        return self._layout.splices

    def mapping(self, node: Node, old: Mapping[str, Plain], new: Mapping[str, Plain]) -> None:
        """A mapping that stays one: values change, keys go, and new ones come after the others."""
        if node.shared:
            raise LayoutError(node.start, _SHARED)
        gone: set[int] = set()
        for number, (key, entry) in enumerate(_keys(node)):
            if key not in new:
                _check_private(entry.value)
                gone.add(number)
            elif not same(old[key], new[key]):
                self._change(node, entry, old[key], new[key])
        added = {key: value for key, value in new.items() if key not in old}
        if node.flow:
            texts = [flow_entry(key, value, _quote(node)) for key, value in added.items()]
            self._layout.flow(node, gone, {len(node.entries): texts})
        else:
            indent = self._text.column(node.entries[0].start)
            self._layout.block(node, gone, {len(node.entries): self._block.entries(added, indent)})

    def _list(self, node: Node, old: Sequence[Plain], new: Sequence[Plain]) -> None:
        """A list that stays one: items that are in both stay where they are, with their comments."""
        if node.shared:
            raise LayoutError(node.start, _SHARED)
        gone: set[int] = set()
        added: dict[int, list[Plain]] = {}
        for start, end, first, last in _differences(old, new):
            pairs = min(end - start, last - first)
            for number in range(pairs):
                self._replace(node, node.entries[start + number], new[first + number])
            gone.update(range(start + pairs, end))
            added[end] = list(new[first + pairs : last])
        for number in gone:
            _check_private(node.entries[number].value)
        if node.flow:
            self._layout.flow(
                node, gone, {at: [in_flow(one, _quote(node)) for one in ones] for at, ones in added.items()}
            )
        else:
            indent = self._text.column(node.start)
            self._layout.block(node, gone, {at: self._block.items(ones, indent) for at, ones in added.items()})

    def _change(self, parent: Node, entry: Entry, old: Plain, new: Plain) -> None:
        node = entry.value
        if isinstance(old, dict) and isinstance(new, dict) and node.kind in ("mapping", "alias") and new:
            self.mapping(node, old, new)
        elif isinstance(old, list) and isinstance(new, list) and node.kind == "list" and old and new:
            self._list(node, old, new)
        else:
            self._replace(parent, entry, new)

    def _replace(self, parent: Node, entry: Entry, new: Plain) -> None:
        """Another value in the place of the old one, of whatever kind both are."""
        node = entry.value
        _check_private(node)
        style = node.style if node.style in ("'", '"') else ""
        if parent.flow:
            self._layout.put(node, self._before(entry) + in_flow(new, _quote(parent) or style))
        elif entry.key is None:
            self._layout.put(node, self._before(entry) + self._item(parent, node, new, style))
        else:
            head, *lines = self._block.value(new, self._text.column(entry.start))
            head = head if lines else inline(new, style)
            if node.block:
                self._layout.put_below(node, self._colon(entry), head, lines)
            else:
                self._layout.put_beside(node, self._colon(entry), head and self._before(entry) + head, lines)

    def _item(self, parent: Node, node: Node, new: Plain, style: str) -> str:
        """An item of a list in block style, without its dash."""
        dash = self._text.column(parent.start)
        column = dash + 2 if node.start == node.end else self._text.column(node.start)
        if isinstance(new, dict | list) and new:
            lines = self._block.lines(new, column)
            return self._text.newline.join(lines)[column:]
        return inline(new, style)

    def _before(self, entry: Entry) -> str:
        """What has to stand before a value where there is none yet."""
        node = entry.value
        if node.start < node.end:
            return ""
        text = self._text.text
        if entry.key is not None and ":" not in text[entry.key.end : node.start]:
            return ": "
        return "" if text[node.start - 1 : node.start].isspace() else " "

    def _colon(self, entry: Entry) -> int:
        """Where the colon behind a key ends."""
        found = _COLON.match(self._text.text, entry.key.end) if entry.key else None
        if found is None:
            raise LayoutError(entry.start, "its colon stands on another line")
        return found.end()


def _keys(node: Node) -> list[tuple[str, Entry]]:
    return [(entry.key.value, entry) for entry in node.entries if entry.key is not None]


def _quote(node: Node) -> str:
    """The quote of all keys (JSON in a YAML file), or of all items of a list; "" where they have none."""
    styles = {(entry.key or entry.value).style for entry in node.entries}
    return '"' if styles == {'"'} else ""


def _differences(old: Sequence[Plain], new: Sequence[Plain]) -> Iterator[tuple[int, int, int, int]]:
    """Which stretches of a list become which others: from, to, and the same of the new one."""
    ours, theirs = ([json.dumps(one, sort_keys=True) for one in values] for values in (old, new))
    if len(ours) * len(theirs) > _MANY:  # comparing takes the square of it
        yield 0, len(ours), 0, len(theirs)
        return
    for tag, start, end, first, last in SequenceMatcher(None, ours, theirs, autojunk=False).get_opcodes():
        if tag != "equal":
            yield start, end, first, last


def _check_private(node: Node) -> None:
    """Raise LayoutError when anything in a value may be meant elsewhere, or stands elsewhere."""
    if node.shared:
        raise LayoutError(node.start, _SHARED)
    for entry in node.entries:
        _check_private(entry.value)
        if entry.key is not None:
            _check_private(entry.key)


def _step(text: Text, root: Node) -> int:
    """By how much the document indents a level: as its first key does that has keys below it."""
    if root.block:
        for entry in root.entries:
            if entry.value.block and entry.value.kind == "mapping":
                step = text.column(entry.value.entries[0].start) - text.column(entry.start)
                return step if 1 <= step <= 8 else 2
    return 2
