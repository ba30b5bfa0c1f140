"""Whether the API server answers at all: asked only when nothing has arrived for a while.

A server that hangs (stopped, or its network is cut) closes no stream: a watch of it is as silent as one of a server
where nothing happens. So when no stream has brought anything for `QUIET` seconds, one small request is sent (a list of
one object's metadata), and again every `QUIET` seconds while it stays quiet. On a cluster where anything happens, none
is sent. They are no part of a turn, and are not counted among its requests.

The answer tells the newest resource version too: when that has gone back, the store was restored or emptied behind the
streams' back, and everything is listed anew.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from reconciler.errors import TargetError
from reconciler.kube.door.api import Api
from reconciler.kube.look.cache import Cache
from reconciler.kube.look.reflector import Reflector
from reconciler.kube.look.versions import older

QUIET = 15.0
_STEP = 1.0
_STOP_PATIENCE = 2.0

_log = logging.getLogger("reconciler.kube")


class Pulse:
    """Feels the pulse of one API server; `changed` is rung when it stops or comes back, and when drift is found.

    Meanwhile it compares what could not be compared when it arrived, so that a look need not.
    """

    def __init__(
        self,
        api: Api,
        cache: Cache,
        reflectors: Sequence[Reflector],
        changed: Callable[[], None],
        quiet: float = QUIET,
    ) -> None:
        self._api = api
        self._cache = cache
        self._reflectors = reflectors
        self._changed = changed
        self._quiet = quiet
        self._asked = time.monotonic()
        self._failure = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    @property
    def failure(self) -> str:
        """Why nothing that is seen may be believed: "" while the server answers."""
        return self._failure

    def start(self) -> None:
        """Begin to feel."""
        self._thread.start()

    def stop(self) -> None:
        """Ask to end; `join` waits for it."""
        self._stopping.set()

    def join(self) -> None:
        """Wait until it has ended, for a bounded time."""
        if self._thread.is_alive():
            self._thread.join(_STOP_PATIENCE)

    def beat(self) -> None:
        """Ask if need be."""
        arrived = max(reflector.arrived for reflector in self._reflectors)
        now = time.monotonic()
        if now - arrived < self._quiet:
            self._become("")
        elif self._failure or now - self._asked >= self._quiet:
            self._ask()

    def _ask(self) -> None:
        self._asked = time.monotonic()
        first = self._reflectors[0]
        try:
            newest = self._api.ping(first.kind, first.namespace)
        except TargetError as error:
            self._become(f"the API server does not answer: {error}")
            return
        self._become("")
        if older(newest, first.newest):
            _log.warning("the API server's store has gone back from version %s to %s", first.newest, newest)
            for reflector in self._reflectors:
                reflector.relist()

    def _become(self, failure: str) -> None:
        before, self._failure = self._failure, failure
        if bool(before) != bool(failure):
            self._changed()

    def _run(self) -> None:
        while not self._stopping.wait(_STEP):
            try:
                self.beat()
                if self._cache.compare():
                    self._changed()
            except Exception:  # noqa: BLE001 - a thread that ends would never tell again that the server hangs
                _log.exception("feeling the pulse of the API server failed")
