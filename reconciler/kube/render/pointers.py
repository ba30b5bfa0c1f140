"""PURE. JSON pointers (RFC 6901) into objects that others own: what they name is not applied."""

from __future__ import annotations

from collections.abc import Iterable


def without(value: object, pointers: Iterable[str]) -> object:
    """A copy of `value` without what the pointers name. A pointer to something that is not there changes nothing."""
    for pointer in pointers:
        value = _without(value, [_unescape(token) for token in pointer.split("/")[1:]])
    return value


def _without(value: object, tokens: list[str]) -> object:
    head, rest = tokens[0], tokens[1:]
    match value:
        case dict() if head in value:
            kept = {key: item for key, item in value.items() if key != head}
            return {**value, head: _without(value[head], rest)} if rest else kept
        case list() if head.isascii() and head.isdigit() and int(head) < len(value):
            index = int(head)
            return [*value[:index], *([_without(value[index], rest)] if rest else []), *value[index + 1 :]]
        case _:
            return value


def _unescape(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~")
