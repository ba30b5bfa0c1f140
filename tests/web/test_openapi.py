"""The API's own description: valid, whole, and true to what is answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi.definitions import OPENAPI_31

from reconciler.board import Board
from reconciler.settings import HttpSettings
from reconciler.shapes.problem import MEDIA_TYPE
from reconciler.web import make_app
from tests.fakes import START
from tests.web.asking import service_of

_OPEN = ("/healthz", "/readyz")
_WRITES = ("post", "patch", "delete")


def described() -> dict[str, Any]:
    board = Board()
    return make_app(board, lambda: START, ("slurm",), service=service_of(board, None), http=HttpSettings()).openapi()


DOCUMENT = described()
OPERATIONS = {
    f"{method.upper()} {path}": (path, method, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
each = pytest.mark.parametrize("name", sorted(OPERATIONS))


def test_it_is_a_valid_document() -> None:
    Draft202012Validator(OPENAPI_31).validate(DOCUMENT)
    assert DOCUMENT["openapi"].startswith("3.1.")
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_it_has_all_that_the_api_must_have() -> None:
    assert {
        "GET /recipes",
        "GET /recipes/{name}",
        "GET /services",
        "POST /services",
        "GET /services/{name}",
        "PATCH /services/{name}",
        "DELETE /services/{name}",
        "POST /services/{name}/restart",
        "POST /services/{name}/suspend",
        "POST /services/{name}/resume",
        "GET /services/{name}/logs",
        "GET /services/{name}/endpoint",
        "GET /plan",
        "GET /targets",
        "GET /targets/{name}",
        "GET /events",
        "GET /metrics",
        "GET /healthz",
        "GET /readyz",
    } <= OPERATIONS.keys()


def test_names_of_operations_are_their_own_and_could_be_names_of_methods() -> None:
    names = [operation["operationId"] for _, _, operation in OPERATIONS.values()]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() and name.islower() for name in names)


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    used = set(references(DOCUMENT))
    parts = DOCUMENT["components"]
    assert used == {f"#/components/{kind}/{name}" for kind in ("schemas", "responses") for name in parts[kind]}
    assert {tag["name"] for tag in DOCUMENT["tags"]} == {
        tag for _, _, operation in OPERATIONS.values() for tag in operation["tags"]
    }


def references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """What a reference to an answer stands for."""
    known: dict[str, Any] = DOCUMENT["components"]["responses"]
    return known[part["$ref"].rpartition("/")[2]] if "$ref" in part else part


@each
def test_every_operation_says_what_it_does_and_what_can_come_of_it(name: str) -> None:
    path, method, operation = OPERATIONS[name]
    assert operation["summary"]
    assert operation["description"]
    assert operation["summary"] != operation["operationId"].replace("_", " ").title(), "FastAPI's own"
    answers = operation["responses"]
    assert {"400", "408", "431"} <= answers.keys()
    if path not in _OPEN:
        assert {"401", "403", "429", "503"} <= answers.keys()
    if method in _WRITES:
        assert {"409", "413", "415", "422"} <= answers.keys()
        assert operation["security"] == [{"bearer": []}]
    assert ("422" in answers) >= bool(operation.get("parameters"))
    assert "404" in answers or "{name}" not in path
    for code, one in ((code, resolved(one)) for code, one in answers.items()):
        assert one["description"]
        if int(code) >= 400 and not (path == "/readyz" and code == "503"):
            assert list(one["content"]) == [MEDIA_TYPE]
            assert one["content"][MEDIA_TYPE]["example"]["status"] == int(code)


@each
def test_every_answer_has_an_example_that_is_one(name: str) -> None:
    _, _, operation = OPERATIONS[name]
    contents = [
        (media, content)
        for code, one in operation["responses"].items()
        for media, content in one.get("content", {}).items()
        if code < "300"
    ]
    assert contents
    for media, content in contents:
        assert "example" in content or "examples" in content, name
        if "example" in content and media == "application/json":  # the schema of a stream is that of each event
            schema = {**content["schema"], "components": DOCUMENT["components"]}
            Draft202012Validator(schema).validate(content["example"])


@each
def test_every_parameter_is_described_and_every_body_has_an_example(name: str) -> None:
    _, _, operation = OPERATIONS[name]
    for parameter in operation.get("parameters", ()):
        assert parameter.get("description") or parameter["schema"].get("description"), parameter["name"]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = {**content["schema"], "components": DOCUMENT["components"]}
        Draft202012Validator(schema).validate(content["example"])
