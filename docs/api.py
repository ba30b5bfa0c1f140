"""docs/api.md and docs/openapi.json, from the routes themselves, so that neither can differ from what is served."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from docs.api_text import CURL, INTRO, PROBLEMS, PYTHON, RULES
from reconciler.board import Board
from reconciler.shapes.problem import KINDS, MEDIA_TYPE
from reconciler.web import make_app

HERE = Path(__file__).parent
_MADE = "<!-- made by `make docs` from reconciler/web/ and docs/api_text.py; do not edit -->"
Part = dict[str, Any]
_WIDTH = 100


def files() -> dict[Path, str]:
    """Both files, with what they must say."""
    document = described()
    return {
        HERE / "openapi.json": _compact(document) + "\n",
        HERE / "api.md": "\n".join(_page(document)) + "\n",
    }


def described() -> Part:
    """The API's own description."""
    return make_app(Board(), lambda: datetime(2026, 1, 1, tzinfo=UTC), ()).openapi()


def _page(document: Part) -> Iterator[str]:
    yield from ("# The HTTP API", "", _MADE, "", INTRO, "")
    yield from ("## With curl", "", "```bash", CURL.strip(), "```", "")
    yield from ("## With Python", "", "```python", PYTHON.strip(), "```", "")
    yield from (RULES, PROBLEMS, "| type | status | next | meaning |", "|---|---|---|---|")
    yield from (f"| `{one.urn}` | {one.status} | {one.next} | {one.title} |" for one in KINDS)
    yield ""
    for tag in document["tags"]:
        yield from (f"## {tag['name'].capitalize()}", "", tag["description"], "")
        for path, methods in sorted(document["paths"].items()):
            for method, operation in methods.items():
                if tag["name"] in operation.get("tags", ()):
                    yield from _operation(f"{method.upper()} {path}", operation)
    yield from ("## Values", "", "What answers and bodies are made of; a field without `required` may be left out.", "")
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield from _value(name, schema)


def _operation(head: str, operation: Part) -> Iterator[str]:
    yield from (f"### {head}", "", f"**{operation['summary']}.** {_prose(operation['description'])}", "")
    if parameters := operation.get("parameters"):
        yield from ("| parameter | in | type | default | meaning |", "|---|---|---|---|---|")
        for one in parameters:
            words = one.get("description") or one["schema"].get("description", "")
            default = "required" if one.get("required") else _default(one["schema"])
            yield f"| `{one['name']}` | {one['in']} | {_type(one['schema'])} | {default} | {_cell(words)} |"
        yield ""
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        yield from (f"Body ({media}): {_type(content['schema'])}.", "")
    yield from _answers(operation["responses"])


def _answers(answers: Part) -> Iterator[str]:
    shown = ""
    for code, one in answers.items():
        for media, content in one.get("content", {}).items():
            if media != MEDIA_TYPE:
                kind = f": {_type(content['schema'])}" if media == "application/json" else ""
                yield from (f"Answers {code} ({media}){kind}. {_first(one['description'])}".strip(), "")
                shown = shown or (_example(content.get("example")) if code < "300" else "")
        if "description" in one and not one.get("content"):
            yield from (f"Answers {code}: {_first(one['description'])}", "")
    if shown:
        yield from (shown, "")
    problems = [code for code, one in answers.items() if "$ref" in one or MEDIA_TYPE in one.get("content", {})]
    if problems:
        yield from (f"Problems: {', '.join(problems)}.", "")


def _value(name: str, schema: Part) -> Iterator[str]:
    yield from (f"### {name}", "", _prose(schema.get("description", "")), "")
    if "enum" in schema:
        yield from (f"One of {', '.join(f'`{one}`' for one in schema['enum'])}.", "")
    if schema.get("properties"):
        yield from ("| field | type | default | meaning |", "|---|---|---|---|")
        for field, one in schema["properties"].items():
            default = "required" if field in schema.get("required", ()) else _default(one)
            yield f"| `{field}` | {_type(one)} | {default} | {_cell(one.get('description', ''))} |"
        yield ""


def _type(schema: Part) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(_type(one) for one in options))
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{one}`" for one in schema.get("enum", [schema.get("const")]))
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"mapping to {_type(schema['additionalProperties'])}"
    return "time" if schema.get("format") == "date-time" else {"object": "mapping", "string": "text"}.get(kind, kind)


def _default(schema: Part) -> str:
    value = schema.get("default")
    return "" if value in (None, "", [], {}) else f"`{json.dumps(value)}`"


def _example(value: object) -> str:
    if value in (None, "", [], {}):
        return ""
    text = value if isinstance(value, str) else _compact(value)
    return f"```{'' if isinstance(value, str) else 'json'}\n{text.rstrip()}\n```"


def _compact(value: object, indent: int = 0) -> str:
    """JSON in which what fits into a line is one."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(line) + indent <= _WIDTH:
        return line
    below = indent + 2
    if isinstance(value, dict):
        parts = [f"{json.dumps(name)}: {_compact(one, below)}" for name, one in value.items()]
    else:
        parts = [_compact(one, below) for one in value]
    inner = ",\n".join(" " * below + part for part in parts)
    first, last = "{}" if isinstance(value, dict) else "[]"
    return f"{first}\n{inner}\n{' ' * indent}{last}"


def _prose(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())


def _first(text: str) -> str:
    return "" if text == "Successful Response" else text


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
