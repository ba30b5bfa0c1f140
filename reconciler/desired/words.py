"""Validation in plain words: what was found, what was expected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.models.units import PATTERN_WORDS

_TYPES = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number that is not huge",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text (put it in quotes)",
    "string_unicode": "text in Unicode, without half characters",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "path_type": "a path",
}
_LIMITS = {
    "greater_than_equal": ("ge", "at least {}"),
    "less_than_equal": ("le", "at most {}"),
    "greater_than": ("gt", "more than {}"),
    "less_than": ("lt", "less than {}"),
    "string_too_long": ("max_length", "at most {} characters"),
    "string_too_short": ("min_length", "at least {} characters"),
    "too_short": ("min_length", "at least {} of them"),
    "too_long": ("max_length", "at most {} of them"),
}


def expected_words(kind: str, message: str, context: Mapping[str, Any]) -> str:
    """What pydantic's error of type `kind` asks for, for people who write YAML and not Python."""
    if kind in _TYPES:
        return _TYPES[kind]
    if kind in _LIMITS:
        key, words = _LIMITS[kind]
        return words.format(context[key])
    if kind == "string_pattern_mismatch":
        return PATTERN_WORDS.get(context["pattern"], f"text that matches {context['pattern']}")
    if kind in ("literal_error", "enum", "union_tag_invalid"):
        return str(context.get("expected") or context.get("expected_tags")).replace("'", "`")
    return message.removeprefix("Value error, ")


def describe(value: object) -> str:
    """A value as people see it in their file, cut where it is long."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {str(value)[:40]}"
        case str():
            return f"text `{value if len(value) <= 60 else value[:60] + '…'}`"
        case list() | tuple():
            return "a list"
        case _:
            return "a mapping"


def describe_kind(value: object) -> str:
    """As `describe`, without the value: for places where somebody may have written a secret by mistake."""
    return "text" if isinstance(value, str) else "a number" if isinstance(value, int | float) else describe(value)
