"""An example of an answer, made of the examples of its fields."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]
_USUAL: dict[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False, "null": None}


def example_of(schema: Schema, schemas: dict[str, Schema]) -> Any:
    """A value of the schema: its own example, its default, or one made of its parts. `schemas`: what it refers to."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if schema.get("examples"):
        return schema["examples"][0]
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return example_of(_best(options), schemas)
    if schema.get("type") == "object":
        return {name: example_of(field, schemas) for name, field in schema.get("properties", {}).items()}
    if schema.get("type") == "array":
        return [example_of(schema["items"], schemas)] if "items" in schema else []
    return "2026-11-30T12:00:00Z" if schema.get("format") == "date-time" else _USUAL.get(str(schema.get("type")))


def _best(options: list[Schema]) -> Schema:
    """What shows most: a value with fields of its own, otherwise that there is none."""
    none = [one for one in options if one.get("type") == "null"]
    return next((one for one in options if "$ref" in one), (none or options)[0])
