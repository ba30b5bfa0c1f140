"""What is asked for, in one form, whatever way it was written."""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.types import Scope

from reconciler.shapes import problem
from reconciler.web.door.near import host_of
from reconciler.web.door.refusal import RefusalError

_ABSOLUTE = re.compile(r"https?://(?P<host>[^/?#]*)(?P<path>/[^?#]*)?", re.IGNORECASE)
#: A slash that hides in a path: it would name another page than the one that a proxy saw.
_HIDDEN = re.compile(rb"%(2f|5c)", re.IGNORECASE)


def straighten(scope: Scope) -> None:
    """Write the target as a path, its host as the Host header. Raises RefusalError (404) for a path that hides one."""
    if absolute := _ABSOLUTE.fullmatch(scope["path"]):
        # RFC 9112, 3.2.2: the host of such a target counts, not that of the header.
        others = [(name, value) for name, value in scope["headers"] if name != b"host"]
        scope["headers"] = [*others, (b"host", absolute["host"].encode("latin-1", "replace"))]
        scope["path"] = absolute["path"] or "/"
        raw = _ABSOLUTE.fullmatch(scope["raw_path"].decode("latin-1"))
        scope["raw_path"] = (raw["path"] if raw and raw["path"] else "/").encode("latin-1")
    if _HIDDEN.search(scope.get("raw_path") or b""):
        words = "the path has a slash or a backslash written as %…, which no name here has"
        raise RefusalError(problem.MISSING, "hidden-slash", words)


def check_origin(headers: Headers) -> None:
    """Refuse a write that a page of another site makes a browser send."""
    origin = headers.get("origin")
    if origin is None:
        return
    _, _, host = origin.partition("://")
    if not host or host.lower() != headers.get("host", "").lower() or not host_of(host):
        words = "a page of another site may not write here (its Origin is another host)"
        raise RefusalError(problem.FORBIDDEN, "origin", words)
