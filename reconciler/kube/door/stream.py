"""The open answer of a watch: one JSON object to a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress

import urllib3
from urllib3.exceptions import HTTPError, ReadTimeoutError

from reconciler.errors import LookError
from reconciler.kube.door.failures import ExpiredError, SilentError
from reconciler.kube.kinds import Object


class Stream:
    """See `Events`. `host` is the server that it comes from."""

    def __init__(self, response: urllib3.BaseHTTPResponse, what: str, host: str) -> None:
        self.host = host
        self._response = response
        self._what = what
        self._cut = ""

    def events(self) -> Iterator[tuple[str, Object]]:
        """See `Events.events`."""
        rest = b""
        try:
            for chunk in self._response.stream(None, decode_content=True):
                *lines, rest = (rest + chunk).split(b"\n")
                yield from (self._event(line) for line in lines if line)
        except ReadTimeoutError as error:
            raise SilentError(f"{self._what}: nothing arrived for a while") from error
        except (HTTPError, OSError, ValueError, KeyError, TypeError) as error:
            raise LookError(f"{self._what}: {self._cut or f'the stream broke: {type(error).__name__}'}") from error
        if self._cut:
            raise LookError(f"{self._what}: {self._cut}")

    def stop(self) -> None:
        """See `Events.stop`."""
        # Closing would wait for the reader; shutting the socket down wakes it.
        with suppress(ValueError, RuntimeError, OSError):  # it ended by itself in this moment
            self._response.shutdown()

    def cut(self, why: str) -> None:
        """Make `events` end now, and with an error: what comes after it is not known."""
        self._cut = why
        self.stop()

    def _event(self, line: bytes) -> tuple[str, Object]:
        event = json.loads(line)
        kind, item = event["type"], event["object"]
        if kind == "ERROR":
            gone = item.get("code") == 410
            raise (ExpiredError if gone else LookError)(f"{self._what}: {item.get('message', '')}")
        return kind, item
