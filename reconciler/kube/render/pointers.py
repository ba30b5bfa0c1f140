"""PURE. Pointers into objects: JSON pointers (RFC 6901) that can also name an element of a list by its key.

    /spec/replicas
    /spec/template/spec/containers[name=main]/image
    /spec/template/spec/containers/name=main/image                  the same: below a list, `key=value` selects
    /spec/ports[port=80,protocol=TCP]                               more than one key
    /spec/template/spec/containers[name=main]/volumeMounts[mountPath=~1data]
    /spec/template/spec/tolerations/0                               by position, where a list has no key

Escapes are RFC 6901's: `~1` is a slash and `~0` a tilde, also inside a selector. A value may contain `]` and `=`: a
selector ends with the last `]` before the next slash, and a key with its first `=`. A selector names each element that
has these keys with these values; numbers are written in decimal, and `protocol` is TCP where it is left out, as the API
server has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

#: What the API server puts in the place of a key that was left out (`+default` in its types).
KEY_DEFAULTS = {"protocol": "TCP"}
_SELECTED = re.compile(r"(?P<field>[^\[]*)\[(?P<keys>[^=\[\]]+=.*)\]", re.DOTALL)
_NEXT_KEY = re.compile(r",(?=[A-Za-z][A-Za-z0-9]*=)")


@dataclass(frozen=True, slots=True)
class Step:
    """One step down from an object to what is in it: a field of a mapping, or an element of a list."""

    text: str

    def elements(self, items: Sequence[object]) -> set[int]:
        """The positions in a list that it names."""
        if "=" in self.text:
            return {index for index, item in enumerate(items) if isinstance(item, Mapping) and self.selects(item)}
        index = int(self.text) if self.text.isascii() and self.text.isdigit() and len(self.text) < 6 else len(items)
        return {index} if index < len(items) else set()

    def selects(self, item: Mapping[str, object]) -> bool:
        """Whether an element has the keys and values of this selector."""
        # The value of a single key may look like a list of keys.
        return _has(item, self.text) or all(_has(item, pair) for pair in _NEXT_KEY.split(self.text))

    def covers(self, other: Step) -> bool:
        """Whether everything that `other` names is named by this one as well."""
        if self.text == other.text:
            return True
        mine, theirs = set(_NEXT_KEY.split(self.text)), set(_NEXT_KEY.split(other.text))
        return "=" in self.text and mine <= theirs


def parse(pointer: str) -> tuple[Step, ...]:
    """The steps of a pointer; `field[key=value]` is two of them."""
    return tuple(step for token in pointer.split("/")[1:] for step in _steps(_unescape(token)))


def field(name: str) -> str:
    """A field as a part of a pointer, with its slash."""
    return "/" + _escape(name)


def element(keys: Sequence[str], item: Mapping[str, object]) -> str:
    """The selector of a list's element, as it follows the list in a pointer."""
    pairs = [f"{key}={text(item.get(key, KEY_DEFAULTS.get(key)))}" for key in keys]
    return _escape(f"[{','.join(pairs)}]")


def text(value: object) -> str:
    """The value of a key as a selector has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_under(pointer: str, ignored: Iterable[str]) -> bool:
    """Whether what a pointer names is one of `ignored`, or lies below one of them."""
    steps = parse(pointer)
    return any(_leads(parse(other), steps) for other in ignored)


def without(value: object, pointers: Iterable[str]) -> object:
    """A copy of `value` without what the pointers name. A pointer to something that is not there changes nothing."""
    for pointer in pointers:
        value = _without(value, parse(pointer))
    return value


def within(value: object, source: object, pointer: str) -> object:
    """A copy of `value` in which what a pointer names is as it is in `source`; the same when it is not there."""
    return _within(value, source, parse(pointer))


def find(value: object, pointer: str) -> list[object]:
    """Everything that a pointer names, in order; nothing when it is not there."""
    found = [value]
    for step in parse(pointer):
        found = [inner for outer in found for inner in _down(outer, step)]
    return found


def _leads(above: Sequence[Step], below: Sequence[Step]) -> bool:
    return len(above) <= len(below) and all(one.covers(other) for one, other in zip(above, below, strict=False))


def _down(value: object, step: Step) -> list[object]:
    match value:
        case dict() if step.text in value:
            return [value[step.text]]
        case list():
            return [value[index] for index in sorted(step.elements(value))]
        case _:
            return []


def _without(value: object, steps: Sequence[Step]) -> object:
    if not steps:
        return value
    head, rest = steps[0], steps[1:]
    match value:
        case dict() if head.text in value:
            kept = {key: item for key, item in value.items() if key != head.text}
            return {**value, head.text: _without(value[head.text], rest)} if rest else kept
        case list():
            named = head.elements(value)
            pairs = [(index in named, item) for index, item in enumerate(value)]
            return [_without(item, rest) if hit else item for hit, item in pairs if rest or not hit]
        case _:
            return value


def _within(value: object, source: object, steps: Sequence[Step]) -> object:
    if not steps:
        return source
    head, rest = steps[0], steps[1:]
    match value, source:
        case dict(), dict() if head.text in source:
            return {**value, head.text: _within(value.get(head.text, {}), source[head.text], rest)}
        case list(), list():
            return _elements_within(value, source, head, rest)
        case _:
            return value


def _elements_within(value: list[object], source: list[object], head: Step, rest: Sequence[Step]) -> list[object]:
    """Elements that are in both are matched by their order; those that are in `source` only are added."""
    theirs = [source[index] for index in sorted(head.elements(source))]
    mine = sorted(head.elements(value))
    changed = dict(zip(mine, theirs, strict=False))
    kept = [_within(item, changed[index], rest) if index in changed else item for index, item in enumerate(value)]
    return [*kept, *([] if rest else theirs[len(mine) :])]


def _steps(token: str) -> list[Step]:
    selected = _SELECTED.fullmatch(token)
    if selected is None:
        return [Step(token)]
    name = selected["field"]
    return [*([Step(name)] if name else []), Step(selected["keys"])]


def _has(item: Mapping[str, object], pair: str) -> bool:
    key, _, value = pair.partition("=")
    default = KEY_DEFAULTS.get(key)
    return (key in item or default is not None) and text(item.get(key, default)) == value


def _escape(token: str) -> str:
    return token.replace("~", "~0").replace("/", "~1")


def _unescape(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~")
