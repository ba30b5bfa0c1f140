"""Streams that stay open: so many at the same time, and they end when the daemon does."""

from __future__ import annotations

from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Scope

#: In a request's state while its answer is a stream that has a place.
_PLACE = "watching"


class Watchers:
    """Places for streams. For the server's loop, but for `count`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._ends: list[Callable[[], None]] = []
        self.count = 0

    def take(self, scope: Scope) -> None:
        """A place for the answer to this request. Raises HTTPException (429) when there is none left."""
        if is_watching(scope):
            return
        if self.count >= self._most:
            words = f"{self._most} streams are open, as many as there may be (http.limits.watchers)"
            raise HTTPException(429, words, {"Retry-After": "5"})
        self.count += 1
        scope["state"][_PLACE] = True

    def leave(self, scope: Scope) -> None:
        """Give the place back, if it has one."""
        if scope["state"].pop(_PLACE, False):
            self.count -= 1

    def at_end(self, callback: Callable[[], None]) -> None:
        """Call this when the daemon stops, before connections are cut; streams can end politely then."""
        self._ends.append(callback)

    def end(self) -> None:
        """The daemon stops."""
        for callback in self._ends:
            callback()


def is_watching(scope: Scope) -> bool:
    """Whether the answer to this request is a stream that has a place."""
    return bool(scope.get("state", {}).get(_PLACE))


def watching(request: Request) -> None:
    """For a handler that is about to answer with a stream. The gate gives the place back when the answer has ended.

    Raises HTTPException (429) when there are too many.
    """
    watchers: Watchers = request.app.state.watchers
    watchers.take(request.scope)
