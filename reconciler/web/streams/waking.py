"""Who follows the board waits in the server's own loop: all are woken together, whenever something was posted.

Nobody has a thread or a queue of its own: who is woken looks at the board from where it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable

from fastapi import Request

from reconciler.board import Board
from reconciler.web.door.watchers import watching

#: Seconds without news until a comment is sent, so that whoever is between us does not cut the connection.
BEAT = 15.0
#: Seconds between a post and the wake-up: posts that come together make one.
_TOGETHER = 0.02


class Streams:
    """Wakes those who wait in the server's loop whenever something was posted, and ends them with the daemon."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tick = asyncio.Event()
        self._lock = threading.Lock()
        self._rung = False
        self.closing = False

    def open(self, request: Request) -> None:
        """Before anybody waits: in the server's loop. Raises HTTPException (429) when there are too many streams."""
        watching(request)
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._board.subscribe(self._ring)
            request.app.state.watchers.at_end(self._end)
        if loop is not self._loop:
            self._loop, self._tick, self._rung = loop, asyncio.Event(), False

    def tick(self) -> asyncio.Event:
        """What is set at the next post. Take it, look at the board, then wait for it: nothing is missed."""
        return self._tick

    async def wait(self, tick: asyncio.Event, seconds: float) -> bool:
        """Wait for a post, for the end of the daemon, or so long; whether it was not for the time."""
        try:
            async with asyncio.timeout(seconds):
                await tick.wait()
        except TimeoutError:
            return False
        return True

    async def rest(self, seconds: float) -> bool:
        """Wait so long, whatever is posted; True at once when the daemon ends."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not self.closing and (left := until - loop.time()) > 0:
            await self.wait(self._tick, left)
        return self.closing

    def close(self) -> None:
        """The daemon stops: all streams end by themselves. From any thread."""
        self.closing = True
        self._call(self._wake)

    def _end(self) -> None:
        self.closing = True
        self._wake()

    def _ring(self) -> None:
        """Something was posted, by this thread."""
        with self._lock:
            if self._rung:
                return
            self._rung = True
        self._call(self._soon)

    def _call(self, what: Callable[[], None]) -> None:
        """Do it in the server's loop, where that still runs."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(what)

    def _soon(self) -> None:
        asyncio.get_running_loop().call_later(_TOGETHER, self._wake)

    def _wake(self) -> None:
        with self._lock:
            self._rung = False
        tick, self._tick = self._tick, asyncio.Event()
        tick.set()
