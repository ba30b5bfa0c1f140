"""Texts, numbers, true, false and null as YAML, as a person would write them: in quotes only where they need them."""

from __future__ import annotations

import json
import re

from ruamel.yaml.resolver import implicit_resolvers

from reconciler.desired.nodes import Plain

#: A text that no reader takes for anything else: no mark of YAML's at its beginning, no `: `, no ` #`.
_PLAIN = re.compile(r"[^\W_][^\x00-\x1f\x7f-\xa0\u2028\u2029\ufeff#\ud800-\udfff\ufffe\uffff\"`]*")
_MARKS = re.compile(r"[,\[\]{}]")
#: What JSON leaves as it is and YAML does not allow, or takes for the end of a line.
_HIDDEN = re.compile(r"[\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]")
_LITERAL = re.compile(r"[^\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]*")


def scalar(value: Plain, *, flow: bool, style: str = "") -> str:
    """One value that is no list and no mapping, on one line. `style`: the quote of what stood there before, if any."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            return _number(value)
        case int():
            return str(value)
        case str():
            return _text(value, flow=flow, style=style)
        case _:
            raise TypeError(f"{type(value).__name__} is not a scalar")


def is_literal(value: Plain) -> bool:
    """Whether a text has several lines and can stand as it is below a `|`."""
    if not isinstance(value, str) or "\n" not in value or value.endswith("\n\n") or not _LITERAL.fullmatch(value):
        return False
    lines = value.removesuffix("\n").split("\n")
    return bool(lines[0]) and not lines[0][0].isspace() and all(line == line.rstrip() for line in lines)


def literal(value: str, indent: int) -> list[str]:
    """Such a text: the line that begins it, without what stands before, and its own lines."""
    head = "|" if value.endswith("\n") else "|-"
    return [head, *(" " * indent + line if line else "" for line in value.removesuffix("\n").split("\n"))]


def _number(value: float) -> str:
    """Also readers of YAML 1.1 want a point in what has an exponent, and a sign."""
    text = repr(value)
    mantissa, mark, exponent = text.partition("e")
    if not mark:
        return text
    return f"{mantissa}{'' if '.' in mantissa else '.0'}e{exponent}"


def _text(value: str, *, flow: bool, style: str) -> str:
    if style == "'" and _LITERAL.fullmatch(value) and "\n" not in value:
        return "'" + value.replace("'", "''") + "'"
    if style != '"' and _is_plain(value, flow=flow):
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return _HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)


def _is_plain(value: str, *, flow: bool) -> bool:
    """Whether every reader, of YAML 1.1 too, takes it for this text without quotes."""
    return (
        (value[:1] in ("/", "_", ".") or bool(value[:1].isalnum()))
        and bool(_PLAIN.fullmatch("a" + value))
        and value == value.strip()
        and not value.endswith(":")
        and ": " not in value
        and not (flow and (_MARKS.search(value) or ":" in value))
        and not any(pattern.match(value) for _, _, pattern, _ in implicit_resolvers)
    )
