"""A service's `config` against the parameters of its recipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter, ValidationError

from reconciler.desired.finding import Finding, did_you_mean
from reconciler.desired.words import describe
from reconciler.models.recipe import Parameter
from reconciler.models.service import Value

_WORDS = {
    "string": "text (put it in quotes)",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "list": "a list of texts",
}


def resolve_config(
    parameters: Mapping[str, Parameter], config: Mapping[str, Value]
) -> tuple[dict[str, Value | None], list[Finding]]:
    """A value for each parameter (None: unset), and what is wrong with those that the service set."""
    findings = [
        Finding(("spec", "config", name), "unknown parameter", fix=did_you_mean(name, parameters))
        for name in config
        if name not in parameters
    ]
    values = {name: config.get(name, parameter.default) for name, parameter in parameters.items()}
    for name, parameter in parameters.items():
        path = ("spec", "config", name)
        value = values[name]
        if value is not None:
            expected = ", ".join(check_value(parameter, value))
            if expected:
                findings.append(Finding(path, "is not allowed", found=describe(value), expected=expected))
        elif parameter.required:
            findings.append(Finding(path, f'is missing ("{parameter.description}")', fix=f"add `{name}:`"))
    return values, findings


def check_value(parameter: Parameter, value: Value) -> Iterator[str]:
    """What the value should be and is not; nothing when it fits."""
    if not _has_type(parameter, value):
        yield _WORDS[parameter.type]
        return
    if parameter.required and (not value.strip() if isinstance(value, str) else value == ()):
        yield "text that is not empty" if isinstance(value, str) else "at least one"
    if isinstance(value, int | float) and not isinstance(value, bool):
        if parameter.minimum is not None and value < parameter.minimum:
            yield f"at least {parameter.minimum:g}"
        if parameter.maximum is not None and value > parameter.maximum:
            yield f"at most {parameter.maximum:g}"
    for text in value if isinstance(value, tuple) else (value,):
        if isinstance(text, str):
            yield from _check_text(parameter, text)


def _has_type(parameter: Parameter, value: Value) -> bool:
    match parameter.type:
        case "string":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "list":
            return isinstance(value, tuple)


def _check_text(parameter: Parameter, text: str) -> Iterator[str]:
    if parameter.choices and text not in parameter.choices:
        yield "one of " + ", ".join(f"`{choice}`" for choice in parameter.choices)
    if parameter.pattern is not None and not matches(parameter.pattern, text):
        yield f"text that matches {parameter.pattern}"


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text matches. Raises pydantic_core.SchemaError for a pattern that is none."""
    try:
        _matcher(pattern).validate_python(text)
    except ValidationError:
        return False
    return True


@lru_cache(maxsize=256)
def _matcher(pattern: str) -> TypeAdapter[str]:
    """Patterns come from strangers: pydantic's engine takes linear time where Python's `re` may take for ever."""
    return TypeAdapter(Annotated[str, StringConstraints(pattern=f"^(?:{pattern})$")])
