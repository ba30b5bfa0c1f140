"""Parameters that a page does not have are refused: whoever writes `?dry_run=true` must not get a commit for it."""

from __future__ import annotations

from fastapi import Request
from fastapi.exceptions import RequestValidationError

from reconciler.web.door.gate import OPEN
from reconciler.web.door.who import SCRAPED
from reconciler.web.forms import parameters_of

#: Pages that machines around the daemon ask, with parameters of their own.
LENIENT = frozenset({*OPEN, *SCRAPED})


async def check_parameters(request: Request) -> None:
    """A dependency of all pages. Raises RequestValidationError, which names each one that is not known."""
    if request.url.path in LENIENT:
        return
    unknown = sorted(request.query_params.keys() - parameters_of(request))
    if unknown:
        raise RequestValidationError([_error(name, request.query_params[name]) for name in unknown])


def _error(name: str, value: str) -> dict[str, object]:
    return {"type": "extra_forbidden", "loc": ("query", name), "msg": "unknown parameter", "input": value}
