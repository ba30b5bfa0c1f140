"""How much a YAML file may ask of whoever reads it, found out before anything is built from it."""

from __future__ import annotations

from collections.abc import Iterable

from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, Event, NodeEvent

#: Lists and mappings inside each other. Reading time grows with its square, so it is looked at first.
MAX_DEPTH = 32
#: Values in one file, with every alias counted as often as it is used.
MAX_NODES = 100_000


class ExcessError(ValueError):
    """A file asks for too much; `line` and `column` count from 1."""

    def __init__(self, problem: str, event: Event) -> None:
        super().__init__(problem)
        self.line = event.start_mark.line + 1
        self.column = event.start_mark.column + 1


def check_events(events: Iterable[Event]) -> None:
    """Walk the events of a file as they are read, and stop at the first that is too much. Raises ExcessError."""
    sizes: dict[str, int] = {}  # of each anchor: how many values stand behind it
    open_anchors: list[tuple[str | None, int]] = []  # with the count when it began
    count = 0
    for event in events:
        if isinstance(event, CollectionEndEvent):
            anchor, began = open_anchors.pop()
            if anchor is not None:
                sizes[anchor] = count - began
            continue
        if not isinstance(event, NodeEvent):
            continue
        count += _size(event, sizes)
        if count > MAX_NODES:
            raise ExcessError(f"more than {MAX_NODES:,} values, with each alias counted as often as it is used", event)
        if isinstance(event, CollectionStartEvent):
            open_anchors.append((event.anchor, count - 1))
            if len(open_anchors) > MAX_DEPTH:
                raise ExcessError(f"more than {MAX_DEPTH} lists and mappings inside each other", event)
        elif event.anchor is not None and not isinstance(event, AliasEvent):
            sizes[event.anchor] = 1


def _size(event: NodeEvent, sizes: dict[str, int]) -> int:
    """How many values the event stands for; an alias stands for all that is behind its anchor."""
    if not isinstance(event, AliasEvent):
        return 1
    size = sizes.get(event.anchor)
    if size is None:
        raise ExcessError(f"the alias *{event.anchor} is not defined before, or refers to itself", event)
    return size
