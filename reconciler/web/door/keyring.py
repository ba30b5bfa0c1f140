"""Keys that are kept: asked for again when they are old, or when one is unknown, and never waited for without end."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress

from reconciler.shapes import problem
from reconciler.web.door.jwks import Key, KeysError
from reconciler.web.door.refusal import RefusalError

_log = logging.getLogger("reconciler.web")
#: Seconds that keys count as new; between two questions because of a key that is not known; and after a failure.
_LIFE, _UNKNOWN, _FAILED = 600.0, 60.0, 5.0


class Keyring:
    """For the server's loop. `fetch` is called in threads, one at a time; it raises KeysError.

    Keys that were had once are used on while the provider cannot be reached. No request waits for them longer than
    `patience` seconds.
    """

    def __init__(self, fetch: Callable[[], tuple[Key, ...]], patience: float) -> None:
        self._fetch = fetch
        self._patience = patience
        self._keys: tuple[Key, ...] = ()
        self._renewed = self._tried = float("-inf")
        self._why = ""
        self._under_way: asyncio.Future[None] | None = None

    async def find(self, name: str) -> tuple[Key, ...]:
        """The keys of that `kid`; where a token names none, the only key that there is.

        Raises RefusalError (503) while there are no keys at all.
        """
        now = asyncio.get_running_loop().time()
        if not self._keys:
            await self._renew(now, _FAILED)
            if not self._keys:
                words = f"the token cannot be checked: {self._why or 'its provider was not asked yet'}"
                raise RefusalError(problem.UNAVAILABLE, "provider", words)
        elif now - self._renewed > _LIFE:
            self._ask(now, _FAILED)
        if not (found := self._named(name)):
            await self._renew(now, _UNKNOWN)
            found = self._named(name)
        return found

    def _named(self, name: str) -> tuple[Key, ...]:
        if not name:
            return self._keys if len(self._keys) == 1 else ()
        return tuple(key for key in self._keys if key.name == name)

    async def _renew(self, now: float, least: float) -> None:
        """Wait for newer keys, unless they were asked for less than `least` seconds ago."""
        under_way = self._ask(now, least)
        if under_way is not None:
            await asyncio.wait([under_way], timeout=self._patience)
            if not under_way.done():
                self._why = f"its provider did not answer within {self._patience:g}s"

    def _ask(self, now: float, least: float) -> asyncio.Future[None] | None:
        if self._under_way is None and now - self._tried >= least:
            self._tried = now
            loop = asyncio.get_running_loop()
            self._under_way = loop.create_future()
            # A thread of its own that ends with the process: the pools' threads are waited for when it stops.
            threading.Thread(target=self._work, args=[loop], name="jwks", daemon=True).start()
        return self._under_way

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        keys: tuple[Key, ...] = ()
        why = "its keys cannot be read"
        try:
            keys, why = self._fetch(), ""
        except KeysError as error:
            why = str(error)
            _log.warning("%s", why)
        finally:
            with suppress(RuntimeError):  # the server has ended meanwhile
                loop.call_soon_threadsafe(self._had, keys, why)

    def _had(self, keys: tuple[Key, ...], why: str) -> None:
        self._why, self._tried = why, asyncio.get_running_loop().time()
        if keys:
            self._keys, self._renewed = keys, self._tried
        if self._under_way is not None:
            self._under_way.set_result(None)
            self._under_way = None
