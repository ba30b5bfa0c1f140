"""Answers that are not made, or not sent, again: weak ETags (RFC 9110, 8.8.3 and 13.1.2)."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from fastapi import Response

#: So many answers of one version are kept for others who ask the same.
_KEPT = 16

Made = tuple[bytes, str]


class ETags:
    """Makes a tag of a version of the board; those of another daemon, or of this one before its start, never fit."""

    def __init__(self) -> None:
        self._epoch = secrets.token_hex(4)
        self._kept: tuple[int, dict[bytes, Made]] = (0, {})

    def answer(self, version: int, question: bytes, asked: str, make: Callable[[], Made]) -> Response:
        """JSON with its tag; 304 without it where `asked` (If-None-Match) has the tag.

        `make` gives the body and the header `Link` ("": none) for a `question`, the same for whoever asks.
        """
        tag = f'W/"{self._epoch}-{version}"'
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if asked.strip() == "*" or tag in (one.strip() for one in asked.split(",")):
            return Response(status_code=304, headers=headers)
        body, link = self._made(version, question, make)
        return Response(body, headers=headers | ({"Link": link} if link else {}), media_type="application/json")

    def _made(self, version: int, question: bytes, make: Callable[[], Made]) -> Made:
        """As it was made for somebody before, while nothing has changed. Two at once may make it twice."""
        of, kept = self._kept
        if of != version:
            kept = {}
            self._kept = (version, kept)
        found = kept.get(question) or make()
        if len(kept) < _KEPT:
            kept[question] = found
        return found
