"""Answers that are not sent again where the asker has them: weak ETags (RFC 9110, 8.8.3 and 13.1.2)."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from fastapi import Response


class Tags:
    """Makes a tag of a version of the board; those of another daemon, or of this one before its start, never fit."""

    def __init__(self) -> None:
        self._epoch = secrets.token_hex(4)

    def answer(self, version: int, asked: str, make: Callable[[], tuple[bytes, str]]) -> Response:
        """JSON with its tag; 304 without it where `asked` (If-None-Match) has the tag.

        `make` gives the body and the header `Link` ("": none).
        """
        tag = f'W/"{self._epoch}-{version}"'
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if asked.strip() == "*" or tag in (one.strip() for one in asked.split(",")):
            return Response(status_code=304, headers=headers)
        body, link = make()
        return Response(body, headers=headers | ({"Link": link} if link else {}), media_type="application/json")
