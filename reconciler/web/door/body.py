"""A request's body: read whole before anything else, within bounds of size, time, form and depth."""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections import Counter
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Receive

from reconciler.shapes import problem
from reconciler.web.door.refusal import GoneError, RefusalError

#: Deepest nesting of a body; what a service's document may have is far below.
DEPTH = 64
_JSON, _PATCH = "application/json", "application/merge-patch+json"
_SURROGATE = re.compile(r"[\ud800-\udfff\x00]")


def has_body(headers: Headers) -> bool:
    """Whether a body follows the headers."""
    return "transfer-encoding" in headers or headers.get("content-length", "0").strip("0") != ""


def check_headers(method: str, headers: Headers, limit: int, shown: str) -> None:
    """Refuse by what the headers say, before any of the body is read. `shown` is the limit as it is set."""
    if "transfer-encoding" in headers and "content-length" in headers:
        raise RefusalError(problem.MALFORMED, "malformed", "a body has a length or is chunked, not both")
    if len(headers.getlist("idempotency-key")) > 1:  # which one counts is not for us to guess
        raise _malformed("there is more than one header Idempotency-Key; send one")
    if not has_body(headers):
        return
    if "content-encoding" in headers:
        raise RefusalError(problem.MEDIA, "media-type", "a body is sent without Content-Encoding")
    if _length(headers) > limit:
        raise too_large(shown)
    _check_media(method, headers.get("content-type", ""))


def _length(headers: Headers) -> int:
    text = headers.get("content-length", "0")
    # int() of thousands of digits is refused by Python itself; more than eighteen are too many in any case.
    return int(text) if len(text) <= 18 else 10**18


def too_large(shown: str) -> RefusalError:
    """A body above the limit."""
    return RefusalError(problem.TOO_LARGE, "too-large", f"the body is larger than {shown} (http.limits.body)")


def _check_media(method: str, text: str) -> None:
    media, _, rest = text.partition(";")
    allowed = (_JSON, _PATCH) if method == "PATCH" else (_JSON,)
    if media.strip().lower() not in allowed:
        said = f"this one says {media.strip()[:100]}" if media.strip() else "this one does not say what it is"
        raise RefusalError(problem.MEDIA, "media-type", f"a body is {' or '.join(allowed)}; {said}")
    if (charset := rest.strip().lower().replace(" ", "").replace('"', "")) not in {"", "charset=utf-8"}:
        raise RefusalError(problem.MEDIA, "media-type", f"a body is in UTF-8; this one says {charset[:100]}")


async def read_body(receive: Receive, limit: int, shown: str, seconds: float) -> bytes:
    """All of it. Raises RefusalError (413; 408 when it takes longer than that), GoneError when the client left."""
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise GoneError
                body += message.get("body", b"")
                if len(body) > limit:
                    raise too_large(shown)
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError as error:
        words = f"the body was not there within {seconds:g}s (http.limits.header)"
        raise RefusalError(problem.SLOW, "slow", words) from error


def check_json(body: bytes) -> None:
    """Refuse what is not JSON (400), and JSON that nothing here has a use for (422): RFC 8259, RFC 7493."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_number, object_pairs_hook=_no_twins)
    except UnicodeDecodeError as error:
        raise _malformed(f"the body is not UTF-8 at byte {error.start}") from error
    except RecursionError as error:
        raise _invalid(f"the body is nested more than {DEPTH} deep") from error
    except json.JSONDecodeError as error:
        raise _malformed(f"the body is not JSON: {error.msg} at character {error.pos}") from error
    except ValueError as error:
        raise _malformed(f"the body is not JSON: {error}") from error
    level = [value]
    for _ in range(DEPTH):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return
    raise _invalid(f"the body is nested more than {DEPTH} deep")


def _children(value: Any) -> list[Any]:
    """What a value is made of: keys are looked at like values."""
    match value:
        case dict():
            return [*value.keys(), *value.values()]
        case list():
            return value
        case str() if _SURROGATE.search(value):
            raise _invalid("the body has a text with a NUL, or with half of a surrogate pair")
        case float() if not math.isfinite(value):
            raise _invalid("the body has a number that is too large")
    return []


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the key {twice[:100]!r} is there twice")
    return found


def _malformed(words: str) -> RefusalError:
    return RefusalError(problem.MALFORMED, "malformed", words)


def _invalid(words: str) -> RefusalError:
    return RefusalError(problem.INVALID, "invalid", words)
