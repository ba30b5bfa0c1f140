"""What is wrong with the form of a request, in the words that `validate` has for files."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from reconciler.desired.check import findings_of
from reconciler.desired.finding import Finding, did_you_mean, field_name
from reconciler.desired.words import describe, expected_words
from reconciler.errors import Complaint

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_WHERE = {"query": "parameter ", "path": "parameter ", "header": "header "}


def complaints_of(request: Request, error: RequestValidationError) -> Iterator[tuple[str, Complaint]]:
    """Each wrong place once, with its sentence: `parameter limit: is not allowed; found text `x`; expected …`."""
    errors = cast("list[ErrorDetails]", sorted(error.errors(), key=lambda one: (one["loc"][0] == "body", one["loc"])))
    for where, group in groupby(errors, key=lambda one: str(one["loc"][0])):
        below = [cast("ErrorDetails", {**one, "loc": one["loc"][1:]}) for one in group]
        findings = _of_body(request, error.body, below) if where == "body" else _of_parameters(request, below)
        for finding in findings:
            complaint = Complaint(
                "", 0, 0, field_name(finding.path), finding.problem, finding.found, finding.expected, finding.fix
            )
            yield _sentence(_WHERE.get(where, ""), complaint), complaint


def _sentence(where: str, complaint: Complaint) -> str:
    parts = (
        complaint.problem,
        f"found {complaint.found}" if complaint.found else "",
        f"expected {complaint.expected}" if complaint.expected else "",
        complaint.fix,
    )
    return f"{where}{complaint.field or 'the body'}: " + "; ".join(filter(None, parts))


def _of_body(request: Request, body: object, errors: list[ErrorDetails]) -> Iterator[Finding]:
    field = getattr(request.scope.get("route"), "body_field", None)
    model = getattr(getattr(field, "field_info", None), "annotation", None)
    if body is None or not isinstance(body, dict):
        found = "" if body is None else describe(body)
        yield Finding((), "is missing" if body is None else "is not allowed", found, expected="a JSON object")
    elif isinstance(model, type) and issubclass(model, BaseModel):
        yield from findings_of(model, body, errors)
    else:
        yield from (_plain(one, frozenset()) for one in errors)


def _of_parameters(request: Request, errors: list[ErrorDetails]) -> Iterator[Finding]:
    known = parameters_of(request)
    for _, group in groupby(errors, key=lambda one: one["loc"][:1]):
        yield _plain(next(group), known)


def _plain(error: ErrorDetails, known: frozenset[str]) -> Finding:
    path, kind = error["loc"][:1], error["type"]
    if kind == "missing":
        return Finding(path, "is missing", fix=f"add `{path[0]}`")
    if kind == "extra_forbidden":
        return Finding(path, "unknown parameter", fix=did_you_mean(str(path[0]), known))
    expected = expected_words(kind, error["msg"], error.get("ctx", {}))
    return Finding(path, "is not allowed", describe(error["input"]), expected)


def parameters_of(request: Request) -> frozenset[str]:
    """The names of all query parameters that a request's page has."""
    route = request.scope.get("route")
    return frozenset(_names(route.dependant)) if route is not None else frozenset()


def _names(dependant: Any) -> Iterator[str]:
    """Those of a page, of what it depends on, and of those that are fields of one model."""
    for field in dependant.query_params:
        model = field.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from (info.alias or name for name, info in model.model_fields.items())
        else:
            yield field.alias
    for other in dependant.dependencies:
        yield from _names(other)
