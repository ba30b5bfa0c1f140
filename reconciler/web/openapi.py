"""The API's own description (OpenAPI 3.1): what FastAPI knows of the routes, made whole and true."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from reconciler.shapes.problem import Problem
from reconciler.web.examples import example_of
from reconciler.web.problems import problems
from reconciler.web.strict import LENIENT

#: Problems that the server may answer before it knows the page, the gate for any page, and both for any body.
DOOR = (400, 408, 431)
GATE = (401, 403, 429, 503)
BODY = (413, 415, 422)
_OPEN = {"/healthz", "/readyz"}
_TEXT = {"type": "string"}
#: A schema of a stream is that of each of its events, as OpenAPI 3.2 has it as `itemSchema`.
_EVENT = {"type": "object", "required": ["data"], "properties": {"id": _TEXT, "event": _TEXT, "data": _TEXT}}
_WRITES = ("post", "put", "patch", "delete")
_REFERENCE = "#/components/schemas/{model}"

DESCRIPTION = """Services of a factory, wanted in Git and running on Kubernetes and Slurm.

A write is a commit: it is answered when it is in the repository, and carried out by the daemon's next turns as any
other commit is. What is read is the daemon's newest table. Errors are problem documents (RFC 9457).
"""
TAGS = [
    {"name": "services", "description": "What is wanted, how it stands, and changes of it."},
    {"name": "recipes", "description": "What can be run."},
    {"name": "plan", "description": "What will be done next, and where."},
    {"name": "events", "description": "What happens, as it happens."},
    {"name": "daemon", "description": "The daemon itself, and what Prometheus asks it."},
]


class Api(FastAPI):
    """FastAPI with a description that has every answer, who may ask, and an example of each answer."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if not self.openapi_schema:
            document = super().openapi()
            _finish(document)
        return self.openapi_schema or {}


def operation_id(route: APIRoute) -> str:
    """The handler's name: it makes a good name in a client that is made from the document."""
    return route.name


def _finish(document: dict[str, Any]) -> None:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(_schemas(Problem))
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "description": _BEARER}}
    document["servers"] = [{"url": "/", "description": "The daemon that this document comes from."}]
    for path, method, operation in _operations(document):
        _answers(path, method, operation)
        _names(path, operation)
        operation["security"] = [] if path in _OPEN else [{"bearer": []}, *([] if method in _WRITES else [{}])]
        _examples(operation, schemas)
        _share(operation, document["components"].setdefault("responses", {}))


_BEARER = "A token of `http.tokens`, or one of the OpenID provider. Reading on loopback needs none by default."


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        yield from ((path, method, operation) for method, operation in methods.items())


def _schemas(model: type[Problem]) -> dict[str, Any]:
    made = model.model_json_schema(ref_template=_REFERENCE, mode="serialization")
    return {**made.pop("$defs", {}), model.__name__: made}


def _answers(path: str, method: str, operation: dict[str, Any]) -> None:
    """The problems that can come of it, beside those that its route names."""
    known = operation["responses"]
    if "HTTPValidationError" in str(known.get("422")):
        del known["422"]
    codes: tuple[int, ...] = DOOR if path in _OPEN else DOOR + GATE
    codes += BODY if "requestBody" in operation or method in _WRITES else ()
    codes += (422,) if operation.get("parameters") or path not in LENIENT else ()
    for code, answer in problems(*codes).items():
        known.setdefault(str(code), answer)
    operation["responses"] = dict(sorted(known.items()))


def _share(operation: dict[str, Any], shared: dict[str, Any]) -> None:
    """Problems that say no more than their status says are written once, for all routes."""
    for code, answer in operation["responses"].items():
        if int(code) >= 400 and answer == problems(int(code))[int(code)]:
            shared[f"Problem{code}"] = answer
            operation["responses"][code] = {"$ref": f"#/components/responses/Problem{code}"}


def _names(path: str, operation: dict[str, Any]) -> None:
    """What a name in a path is, where its route does not say it."""
    kind = path.split("/")[1].removesuffix("s")
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            parameter.setdefault("description", f"The {kind}'s name, which is its id.")


def _examples(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        content.setdefault("example", example_of(content["schema"], schemas))
    for code, answer in operation["responses"].items():
        for media, content in answer.get("content", {}).items():
            content.setdefault("schema", _EVENT if media == "text/event-stream" else {"type": "string"})
            if code.startswith("2") and media == "application/json" and content.keys() == {"schema"}:
                content["example"] = example_of(content["schema"], schemas)
