"""Values as YAML: on one line (flow), or as lines of their own below a key (block)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.desired.edit.scalars import is_literal, literal, scalar
from reconciler.desired.nodes import Plain

#: A list of few short values stands on one line.
_SHORT = 60


def in_flow(value: Plain, style: str = "") -> str:
    """A value on one line: `{a: 1, b: [2, 3]}`. `style`: the quote of all its texts, where they have one (JSON)."""
    match value:
        case dict():
            return "{" + ", ".join(flow_entry(key, one, style) for key, one in value.items()) + "}"
        case list():
            return "[" + ", ".join(in_flow(one, style) for one in value) + "]"
        case _:
            return scalar(value, flow=True, style=style)


def flow_entry(key: str, value: Plain, style: str = "") -> str:
    """`key: value` inside braces."""
    return f"{scalar(key, flow=True, style=style)}: {in_flow(value, style)}"


def is_inline(value: Plain) -> bool:
    """Whether a value stands on the line of its key: scalars, empty collections, short lists of scalars."""
    match value:
        case dict():
            return not value
        case list():
            flat = all(not isinstance(one, dict | list) and not is_literal(one) for one in value)
            return flat and len(in_flow(value)) <= _SHORT
        case _:
            return True


def inline(value: Plain, style: str = "") -> str:
    """Such a value. `style`: the quote of what stood there before."""
    return in_flow(value, style) if isinstance(value, dict | list) else scalar(value, flow=False, style=style)


class Block:
    """Writes values in block style. `step` is by how much each level is indented.

    `literals`: texts of several lines may stand below a `|`, which needs a file that ends with a line break.
    """

    def __init__(self, step: int = 2, *, literals: bool = True) -> None:
        self.step = step
        self.literals = literals

    def entry(self, key: str, value: Plain, indent: int) -> list[str]:
        """The lines of `key: value`."""
        head = " " * indent + scalar(key, flow=False) + ":"
        rest = self.value(value, indent)
        return [f"{head} {rest[0]}" if rest[0] else head, *rest[1:]]

    def value(self, value: Plain, indent: int) -> list[str]:
        """What stands behind the colon of a key at `indent` ("" for nothing), and the lines below."""
        if self.literals and is_literal(value) and isinstance(value, str):
            return literal(value, indent + self.step)
        if is_inline(value):
            return [inline(value)]
        return ["", *self.lines(value, indent + self.step)]

    def lines(self, value: Plain, indent: int) -> list[str]:
        """A mapping or a list that is not empty, in lines."""
        match value:
            case dict():
                return self.entries(value, indent)
            case list():
                return self.items(value, indent)
            case _:
                raise TypeError(f"{type(value).__name__} has no lines of its own")

    def entries(self, values: Mapping[str, Plain], indent: int) -> list[str]:
        """The lines of several keys."""
        return [line for key, one in values.items() for line in self.entry(key, one, indent)]

    def items(self, values: Sequence[Plain], indent: int) -> list[str]:
        """The lines of several items, each with its dash."""
        return [line for one in values for line in self.item(one, indent)]

    def item(self, value: Plain, indent: int) -> list[str]:
        """The lines of one item; what belongs to it is two columns further in than its dash."""
        dash = " " * indent + "- "
        if self.literals and is_literal(value) and isinstance(value, str):
            head, *lines = literal(value, indent + 2)
            return [dash + head, *lines]
        if is_inline(value):
            return [dash + inline(value)]
        first, *lines = self.lines(value, indent + 2)
        return [dash + first[indent + 2 :], *lines]
