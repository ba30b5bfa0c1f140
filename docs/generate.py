"""Makes the pages that are made from the code, so that a reference cannot differ from what is read.

`python -m docs.generate` writes it; `--check` only says whether it is up to date (exit 1 when it is not).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from docs import alerts, api, dashboards, metrics, recipes
from reconciler.models.recipe import Recipe
from reconciler.models.service import Service
from reconciler.models.units import format_duration
from reconciler.settings import Settings

HERE = Path(__file__).parent
PAGES = {
    "service.md": (Service, "Service", "One YAML document below `desired/`: what somebody wants to run."),
    "recipe.md": (Recipe, "Recipe", "One kind of service. Files below `recipes/<category>/<name>.yaml`."),
    "settings.md": (Settings, "Settings", "The operator's file (`--config`, or `RECONCILER_CONFIG`)."),
}


def main() -> int:
    """Write or check all files."""
    stale = {path: text for path, text in made().items() if not path.exists() or path.read_text("utf-8") != text}
    if "--check" in sys.argv:
        for path in stale:
            sys.stderr.write(f"{path.relative_to(HERE.parent)} is out of date: run `make docs`\n")
        return 1 if stale else 0
    for path, text in stale.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return 0


def made() -> dict[Path, str]:
    """All files that are made, with what they must say."""
    return (
        {HERE / name: page(name) for name in PAGES}
        | alerts.files()
        | dashboards.files()
        | metrics.files()
        | api.files()
        | recipes.files()
    )


def page(name: str) -> str:
    """The text of one page."""
    model, title, intro = PAGES[name]
    schema = model.model_json_schema()
    lines = [f"# {title}", "", "<!-- made by `make docs` from the models; do not edit -->", "", intro, ""]
    lines += ["| field | type | default | meaning |", "|---|---|---|---|", *_rows(schema, schema, "")]
    return "\n".join(lines) + "\n"


def _rows(schema: dict[str, Any], whole: dict[str, Any], prefix: str) -> Iterator[str]:
    for name, field in schema.get("properties", {}).items():
        options = [_resolve(option, whole) for option in field.get("anyOf") or field.get("oneOf") or [field]]
        default = "required" if name in schema.get("required", ()) else _default(field)
        meaning = str(field.get("description") or _first_line(options)).replace("<", "&lt;")
        yield f"| `{prefix}{name}` | {_types(options)} | {default} | {meaning} |"
        for option in options:
            yield from _below(option, whole, f"{prefix}{name}")


def _below(option: dict[str, Any], whole: dict[str, Any], path: str) -> Iterator[str]:
    if "properties" in option:
        yield from _rows(option, whole, f"{path}.")
    for extra in (option.get("additionalProperties"), *option.get("patternProperties", {}).values()):
        if isinstance(extra, dict):
            for one in extra.get("oneOf", [extra]):
                yield from _below(_resolve(one, whole), whole, f"{path}.<name>")
    items = option.get("items")
    if isinstance(items, dict):
        for one in items.get("anyOf", [items]):
            yield from _below(_resolve(one, whole), whole, f"{path}[]")


def _resolve(option: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    reference = option.get("$ref", "")
    found: dict[str, Any] = whole["$defs"][reference.rsplit("/", 1)[1]] if reference else option
    return found


def _types(options: list[dict[str, Any]]) -> str:
    names = [name for option in options for name in _names(option) if name != "null"]
    return " or ".join(dict.fromkeys(names)) or "any"


def _names(option: dict[str, Any]) -> list[str]:
    if "enum" in option:
        return [f"`{value}`" for value in option["enum"]]
    if "const" in option:
        return [f"`{option['const']}`"]
    if "examples" in option:
        return [f"text such as `{option['examples'][0]}`"]
    kind = option.get("type", "any")
    kinds = [kind] if isinstance(kind, str) else list(kind)
    words = {"object": "mapping", "array": "list", "string": "text", "integer": "whole number", "boolean": "true/false"}
    return [words.get(one, one) for one in kinds]


def _default(field: dict[str, Any]) -> str:
    value = field.get("default")
    if isinstance(value, str) and value.startswith("PT"):  # JSON Schema writes durations as ISO 8601 does
        value = format_duration(TypeAdapter(timedelta).validate_python(value))
    return "" if value in (None, {}, [], "") or isinstance(value, dict) else f"`{str(value).lower()}`"


def _first_line(options: list[dict[str, Any]]) -> str:
    return next((str(one["description"]).partition("\n")[0] for one in options if "description" in one), "")


if __name__ == "__main__":
    sys.exit(main())
