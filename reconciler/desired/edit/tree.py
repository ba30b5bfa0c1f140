"""A file's YAML as documents, and one document as nodes that know which stretch of the text they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from ruamel.yaml.cyaml import CSafeLoader
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

Kind = Literal["scalar", "mapping", "list", "alias"]


@dataclass(slots=True)
class Node:
    """A value: `text[start:end]`. Of a collection in block style, `end` is where its last value ends.

    `inner` is where a collection in flow style goes on after its bracket; `value` the text that a scalar means;
    `shared` whether it has an anchor or is an alias, so that other places may be meant as well.
    """

    kind: Kind
    start: int
    end: int
    flow: bool = False
    style: str = ""
    value: str = ""
    inner: int = 0
    shared: bool = False
    entries: list[Entry] = field(default_factory=list)

    @property
    def block(self) -> bool:
        """Whether it is a collection in block style."""
        return self.kind in ("mapping", "list") and not self.flow


@dataclass(slots=True)
class Entry:
    """A key with its value, or an item of a list (its key is None)."""

    key: Node | None
    value: Node

    @property
    def start(self) -> int:
        """Where it begins; the dash of a list in block style comes before."""
        return self.value.start if self.key is None else self.key.start

    @property
    def end(self) -> int:
        """Where its value ends."""
        return self.value.end if self.key is None else max(self.key.end, self.value.end)


@dataclass(slots=True)
class Section:
    """One document of a file. `start`: its `---` or its directives, or its first key; `end`: where the next begins.

    `explicit`: there is a `---`, which ends at `opened`. `closed` is where a `...` ends, or else None.
    """

    start: int
    opened: int
    explicit: bool
    root: Node
    end: int = 0
    closed: int | None = None


def sections(text: str) -> list[Section]:
    """All documents of a text, empty ones too. Raises YAMLError for a text that is none, and RecursionError."""
    events = _Events(text)
    found: list[Section] = []
    while (event := events.next()) is not None:
        if isinstance(event, DocumentStartEvent):
            start, opened = event.start_mark.index, event.end_mark.index
            first = events.next()
            if first is None:
                break
            section = Section(start, opened, bool(event.explicit), events.node(first))
            found.append(section)
        elif isinstance(event, DocumentEndEvent):
            found[-1].end = event.end_mark.index
            found[-1].closed = event.end_mark.index if event.explicit else None
    for one, following in zip(found, [*found[1:], None], strict=False):
        one.end = following.start if following else len(text)
    return found


class _Events:
    """The events of a text, read as they are needed."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._events = _all(text)

    def next(self) -> Event | None:
        return next(self._events, None)

    def node(self, event: Event) -> Node:
        """The node that begins with an event."""
        start, end = event.start_mark.index, event.end_mark.index
        shared = isinstance(event, NodeEvent) and event.anchor is not None
        match event:
            case AliasEvent():
                return Node("alias", start, end, shared=True)
            case ScalarEvent():
                style = event.style or ""
                end = _block_end(self._text, start, end) if style in ("|", ">") else end
                return Node("scalar", start, end, style=style, value=event.value, shared=shared)
            case MappingStartEvent() | SequenceStartEvent():
                kind: Kind = "mapping" if isinstance(event, MappingStartEvent) else "list"
                node = Node(kind, start, end, flow=bool(event.flow_style), inner=end, shared=shared)
                self._fill(node)
                return node
            case _:
                raise TypeError(f"no value begins with {event!r}")

    def _fill(self, node: Node) -> None:
        """Read a collection to its end."""
        while isinstance(event := self.next(), NodeEvent):
            key = self.node(event) if node.kind == "mapping" else None
            following = event if key is None else self.next()
            if following is None:
                break
            node.entries.append(Entry(key, self.node(following)))
        if node.flow and event is not None:
            node.end = event.end_mark.index
        elif node.entries:
            node.end = node.entries[-1].end


def _all(text: str) -> Iterator[Event]:
    loader = CSafeLoader(text)
    while loader.check_event():
        yield loader.get_event()


def _block_end(text: str, start: int, end: int) -> int:
    """The end of the last line of a `|` or `>` text, without the blank lines after it, if they do not count."""
    header = text[start:end].partition("\n")[0].partition("#")[0]
    if "+" in header:
        return end - len(text[start:end]) + len(text[start:end].removesuffix("\n").removesuffix("\r"))
    return start + len(text[start:end].rstrip())
