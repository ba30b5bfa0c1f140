"""Server-sent events, taken up again where they broke."""

from __future__ import annotations

import time
from collections.abc import Iterator

from httpx_sse import EventSource, ServerSentEvent

from reconciler.client.errors import ApiError, NoAnswerError
from reconciler.client.wire import Params, Wire, pauses

KIND = "text/event-stream"


def events_once(wire: Wire, path: str, params: Params, last: str = "") -> Iterator[ServerSentEvent]:
    """The events of one connection, those after `last`, to its end. Raises ApiError or NoAnswerError.

    What has no data is none: it comes of a `retry`, or of an `id` that only moves the place.
    """
    headers = {"Cache-Control": "no-store"} | ({"Last-Event-ID": last} if last else {})
    with wire.stream("GET", path, KIND, params=params, headers=headers) as answer:
        yield from EventSource(answer).iter_sse()


def events_resumed(wire: Wire, path: str, params: Params, last: str = "") -> Iterator[ServerSentEvent]:
    """The events without an end: after a break they go on with the next one.

    Raises ApiError for what will not pass, and the last error when there was nothing for `wire.patience` seconds.
    """
    breaks = Breaks(wire.patience)
    while True:
        try:
            for event in events_once(wire, path, params, last):
                breaks.over()
                last = event.id or last
                if event.data:
                    yield event
        except (ApiError, NoAnswerError) as error:
            breaks.wait(error)
        else:
            breaks.wait(NoAnswerError(f"{wire.door.name}: the stream of {path} ends again and again"))


class Breaks:
    """How long it is broken by now, and how long to wait before the next try."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self.over()

    def over(self) -> None:
        """Something came."""
        self._since: float | None = None
        self._pauses = pauses()

    def wait(self, error: ApiError | NoAnswerError) -> None:
        """Wait a little more than the last time. Raises `error` where that is of no use, or patience is at its end."""
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        pause = next(self._pauses)
        if isinstance(error, ApiError):
            pause = max(pause, error.retry_after or 0.0)
        if (isinstance(error, ApiError) and not error.passes) or now + pause > self._since + self._patience:
            raise error
        time.sleep(pause)
