"""Looking names up, in a few threads of its own: the system's resolver blocks, for half a minute when DNS is dead.

One look-up at a time for each name, whoever asks; an answer is kept for a minute, a failure for seconds. The threads
are daemons: one that hangs keeps nobody from ending.
"""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
from collections.abc import Callable, Sequence

from reconciler.probe.failures import NoAnswerError
from reconciler.probe.places import Address, literal

_THREADS = 8
_KEEP = 60.0
_KEEP_FAILURE = 5.0
_MOST = 8192

Lookup = Callable[[str], Sequence[Address]]


def system_lookup(host: str) -> Sequence[Address]:
    """All addresses of a name, by the system's resolver. Raises OSError."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    addresses = (literal(str(entry[4][0])) for entry in found)
    return [one for one in dict.fromkeys(addresses) if one is not None]


class Names:
    """To be used in one event loop, from the making to `close`."""

    def __init__(self, lookup: Lookup = system_lookup, threads: int = _THREADS) -> None:
        self._lookup = lookup
        self._loop = asyncio.get_running_loop()
        self._most_threads = threads
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._jobs: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._known: dict[str, tuple[float, asyncio.Future[Sequence[Address]]]] = {}

    async def find(self, host: str) -> Sequence[Address]:
        """The addresses of a host, at least one. Raises NoAnswerError when it has none."""
        address = literal(host)
        if address is not None:
            return (address,)
        until, future = self._known.get(host, (0.0, None))
        if future is None or until < self._loop.time():
            future = self._ask(host)
        # Shielded: who waits for it may give up, others wait for it too.
        found = await asyncio.shield(future)
        if not found:
            raise NoAnswerError(f"the name {host} cannot be found")
        return found

    def close(self) -> None:
        """End the threads that wait; those that hang end by themselves."""
        for _ in self._threads:
            self._jobs.put(None)

    def _ask(self, host: str) -> asyncio.Future[Sequence[Address]]:
        if len(self._known) >= _MOST:
            self._known = {name: known for name, known in self._known.items() if not known[1].done()}
        future: asyncio.Future[Sequence[Address]] = self._loop.create_future()
        self._known[host] = float("inf"), future
        self._jobs.put(host)
        if self._jobs.qsize() > self._idle and len(self._threads) < self._most_threads:
            name = f"probe-names-{len(self._threads)}"
            thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()
        return future

    def _run(self) -> None:
        while (host := self._jobs.get()) is not None:
            try:
                found = self._lookup(host)
            except (OSError, UnicodeError):
                found = ()
            try:
                self._loop.call_soon_threadsafe(self._found, host, found)
            except RuntimeError:
                return  # the loop has ended meanwhile

    def _found(self, host: str, found: Sequence[Address]) -> None:
        _, future = self._known[host]
        self._known[host] = self._loop.time() + (_KEEP if found else _KEEP_FAILURE), future
        future.set_result(found)
