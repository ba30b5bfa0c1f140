"""Errors as answers: RFC 9457 problem documents, whatever went wrong, and how routes document them."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from reconciler.errors import (
    Complaint,
    ForbiddenError,
    InputError,
    KeyReusedError,
    MissingError,
    ProposalError,
    RacedError,
    ReconcilerError,
    RejectedError,
    SettingsError,
    SourceError,
    TakenError,
    TargetError,
    UnsureError,
)
from reconciler.shapes import problem
from reconciler.shapes.problem import MEDIA_TYPE, Kind, Problem
from reconciler.web.forms import complaints_of

_log = logging.getLogger("reconciler.web")

#: Which kind of problem an error of ours is; the first that fits.
_ERRORS: tuple[tuple[type[ReconcilerError], Kind], ...] = (
    (InputError, problem.INVALID),
    (ForbiddenError, problem.FORBIDDEN),
    (MissingError, problem.MISSING),
    (KeyReusedError, problem.KEY_REUSED),
    (TakenError, problem.TAKEN),
    (ProposalError, problem.TAKEN),
    (RacedError, problem.RACED),
    (UnsureError, problem.UNSURE),
    (RejectedError, problem.REJECTED),
    (SourceError, problem.UNAVAILABLE),
    (TargetError, problem.UNAVAILABLE),
    (SettingsError, problem.FAULT),
    (ReconcilerError, problem.FAULT),
)


def problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """For `responses=` of a route: these problems, as documents of their media type."""
    return {code: _documented(code) for code in codes}


def problem_of(error: ReconcilerError, instance: str = "") -> Problem:
    """An error of ours as a problem document, also for streams, which have begun with another status."""
    errors = error.complaints if isinstance(error, InputError) else ()
    return Problem.of(kind_of(error), str(error), instance, errors)


def kind_of(error: ReconcilerError) -> Kind:
    """Which kind of problem it is."""
    return next(kind for family, kind in _ERRORS if isinstance(error, family))


def answer(
    kind: Kind,
    detail: str,
    instance: str = "",
    errors: Iterable[Complaint] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem as a response, which is an ASGI application too. Its headers say when to come again, where one may."""
    return respond(Problem.of(kind, detail, instance, errors), kind, headers)


def respond(one: Problem, kind: Kind, headers: Mapping[str, str] | None = None) -> Response:
    """A problem document as a response."""
    usual = {"Retry-After": str(kind.retry_after)} if kind.retry_after else {}
    usual |= {"WWW-Authenticate": "Bearer"} if kind.status == 401 else {}
    given = {name.title(): value for name, value in (headers or {}).items() if name.lower() != "content-length"}
    named = {name.title(): value for name, value in usual.items()} | given
    return Response(one.model_dump_json(), kind.status, named | {"Cache-Control": "no-store"}, MEDIA_TYPE)


def add_problems(app: FastAPI) -> None:
    """Make every error of ours, of a request's form, and of the framework a problem document."""
    app.add_exception_handler(ReconcilerError, _ours)
    app.add_exception_handler(RequestValidationError, _form)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(Exception, _fault)


def _ours(request: Request, error: Exception) -> Response:
    if not isinstance(error, ReconcilerError):
        return _fault(request, error)
    kind = kind_of(error)
    if kind.status >= 500 and kind is problem.FAULT:
        return _fault(request, error)
    return respond(problem_of(error, request.url.path), kind)


def _form(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        return _fault(request, error)
    unread = next((one for one in error.errors() if one["type"] == "json_invalid"), None)
    if unread is not None:
        words = f"the body is not JSON: {unread['ctx']['error']} at character {unread['loc'][-1]}"
        return answer(problem.MALFORMED, words, request.url.path)
    found = list(complaints_of(request, error))
    words = "\n".join(sentence for sentence, _ in found)
    return answer(problem.INVALID, words, request.url.path, [one for _, one in found])


def _framework(request: Request, error: Exception) -> Response:
    """What was raised with a status, and what the router does not know."""
    if not isinstance(error, HTTPException):
        return _fault(request, error)
    kind, detail = problem.usual(error.status_code), str(error.detail)
    headers = dict(error.headers or {})
    path = request.url.path
    if kind is problem.METHOD:
        allowed = ", ".join(_methods(request))
        headers, detail = {"Allow": allowed}, f"there is no {request.method} of {path}; there is {allowed}"
    elif kind is problem.MISSING and detail == "Not Found":
        detail = f"there is no page {path}; /openapi.json lists all"
    elif kind is problem.MALFORMED and detail.startswith("There was an error parsing"):
        detail = "the body is not JSON in UTF-8"
    return answer(kind, detail, path, headers=headers)


def _methods(request: Request) -> list[str]:
    """All methods of a path, whichever of its routes they belong to."""
    found: set[str] = set()
    for route in request.app.routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            found |= getattr(route, "methods", None) or set()
    return sorted(found)


def _fault(request: Request, error: Exception) -> Response:
    """A fault of ours: told by a reference only, which is in the log with the whole of it."""
    reference = secrets.token_hex(6)
    _log.error("request %s: %s %s failed", reference, request.method, request.url.path, exc_info=error)
    detail = f"a fault of the daemon; its log has more at the reference {reference}"
    return answer(problem.FAULT, detail, request.url.path)


def _documented(code: int) -> dict[str, Any]:
    kind = problem.usual(code)
    words = "; or ".join(one.title for one in problem.KINDS if one.status == code) or kind.title
    example = Problem.of(kind, _EXAMPLES.get(code, kind.title), "/services")
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example.model_dump()}
    shown: dict[str, Any] = {"description": words, "content": {MEDIA_TYPE: content}}
    if names := [name for name, codes in _HEADERS.items() if code in codes]:
        shown["headers"] = {name: {"schema": {"type": "string"}, "description": _MEANINGS[name]} for name in names}
    return shown


_HEADERS = {"Retry-After": (429, 503), "WWW-Authenticate": (401,), "Allow": (405,)}
_MEANINGS = {
    "Retry-After": "Seconds after which the same request may succeed.",
    "WWW-Authenticate": "How to say who one is: `Bearer`.",
    "Allow": "The methods that there are.",
}
_EXAMPLES = {
    400: "the body is not JSON: Expecting value at character 17",
    401: "the token is not known",
    403: "bench (token) may change bench-* only",
    404: "there is no service lama; did you mean llama?",
    408: "the body came too slowly",
    409: "the name `llama` is taken: desired/llama.yaml has it",
    413: "the body is larger than 64Ki",
    415: "a write is application/json",
    422: "desired/llama.yaml:9:5: spec.config.maxModelLen: is not allowed; found text `big`; expected a whole number",
    431: "the headers are larger than 32 KiB",
    429: "more than 120 writes in a minute",
    503: "the repository cannot be read: no answer within 60s; try again",
}
