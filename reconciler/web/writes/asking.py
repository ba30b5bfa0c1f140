"""What all requests that write have in common: who asks, with which key, and what is to be waited for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Annotated, Literal

from anyio.to_thread import current_default_thread_limiter
from fastapi import Depends, Header, Query, Request

from reconciler.errors import SourceError
from reconciler.models.proposal import Asked
from reconciler.shapes.waiting import Until
from reconciler.web.door.callers import Writer
from reconciler.web.streams.waking import Streams

#: So many proposals may wait for the repository at the same time, each in a thread; so many threads are for the rest.
_WRITERS, _OTHERS = 128, 72
_UNITS = {"s": 1, "m": 60, "h": 3600}
_LONGEST = 24 * 3600

Timeout = Annotated[
    str,
    Query(
        pattern="^[1-9][0-9]{0,3}[smh]$", description="How long to wait at most; a day is the most.", examples=["90s"]
    ),
]
_Key = Annotated[
    str,
    Header(
        pattern="^[!-~]{1,200}$",
        description="The same key of the same caller is carried out once, however often it is sent.",
        examples=["bench-17-start"],
    ),
]
_Direct = Annotated[
    bool, Query(description="On the branch itself, where the operator wants branches for review; for admins.")
]
_Until = "Answer with a stream of events (text/event-stream) until it is so, or will not be."


def seconds_of(timeout: str) -> float:
    """`90s`, `10m`, `2h` in seconds."""
    return min(_LONGEST, int(timeout[:-1]) * _UNITS[timeout[-1]])


async def _asked(caller: Writer, idempotency_key: _Key = "", direct: _Direct = False) -> Asked:  # noqa: FBT002 - FastAPI
    _make_room()
    return Asked(caller, key=idempotency_key, direct=direct)


async def _healthy(
    request: Request,
    wait: Annotated[Literal["healthy"] | None, Query(description=_Until)] = None,
    timeout: Timeout = "10m",
) -> float | None:
    return _place(request, wait, timeout)


async def _gone(
    request: Request,
    wait: Annotated[Literal["gone"] | None, Query(description=_Until)] = None,
    timeout: Timeout = "10m",
) -> float | None:
    return _place(request, wait, timeout)


def _place(request: Request, wait: Until | None, timeout: str) -> float | None:
    """How long is waited; a stream's place is taken before anything is proposed."""
    if wait is None:
        return None
    streams: Streams = request.app.state.streams
    streams.open(request)
    return seconds_of(timeout)


def _make_room() -> None:
    """Threads for all who write, and as many as before for all others: they belong to the server's loop."""
    limiter = current_default_thread_limiter()
    limiter.total_tokens = max(limiter.total_tokens, _WRITERS + _OTHERS)


#: Who asks, with which key; the reason is the handler's to add.
Asking = Annotated[Asked, Depends(_asked)]
#: For how many seconds is waited until it is healthy, or gone; None: not at all.
Healthy = Annotated[float | None, Depends(_healthy)]
Gone = Annotated[float | None, Depends(_gone)]


class Room:
    """So many threads may wait for the repository."""

    def __init__(self) -> None:
        self._free = BoundedSemaphore(_WRITERS)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """While one of them does. Raises SourceError where there are too many."""
        if not self._free.acquire(blocking=False):
            raise SourceError(f"{_WRITERS} requests wait for the repository already; try again")
        try:
            yield
        finally:
            self._free.release()
