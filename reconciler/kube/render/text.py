"""Objects as YAML for people: block style, keys in order; strings are quoted wherever YAML could misread them.

A text of several lines that ends with one stands as it is, line by line, where YAML gives it back unchanged.

Written here because a plan prints thousands of objects: the general YAML writer takes milliseconds for each.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from reconciler.kube.kinds import Object

#: Words that are the same string in YAML 1.1 and 1.2 without quotes.
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./=@-]*(:[A-Za-z0-9_./=@-]+)*")
_RESERVED = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def dump(objects: Iterable[Object]) -> str:
    """A YAML stream with one document for each object."""
    return "---\n".join("".join(f"{line.rstrip(' ')}\n" for line in _lines(item)) for item in objects)


def _lines(value: object) -> Iterator[str]:
    """The lines of a value that stands on lines of its own."""
    match value:
        case dict() if value:
            for key, item in value.items():
                yield from _entry(f"{_scalar(key)}:", item)
        case str() if _stands(value):
            yield "|"
            yield from value[:-1].split("\n")
        case list() if value:
            for item in value:
                first, *rest = _lines(item)
                yield f"- {first}"
                yield from (f"  {line}" for line in rest)
        case _:
            yield _scalar(value)


def _entry(key: str, value: object) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        yield key
        yield from (f"  {line}" for line in _lines(value))
    elif isinstance(value, str) and _stands(value):
        first, *rest = _lines(value)
        yield f"{key} {first}"
        yield from (f"  {line}" for line in rest)
    else:
        yield f"{key} {_scalar(value)}"


def _stands(text: str) -> bool:
    """Whether it can be written line by line: nothing that a reader of YAML would trim or that people would not see."""
    first, *rest = text.split("\n")
    if len(rest) < 2 or rest.pop() or not rest[-1] or not first or first.startswith(" "):
        return False
    return all(line.isprintable() and not line.endswith(" ") for line in (first, *rest))


def _scalar(value: object) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _RESERVED:
        return value
    return json.dumps(value, ensure_ascii=not (isinstance(value, str) and value.isprintable()))
