"""One kind in one namespace, listed once and then followed: what informers do, on raw JSON.

`kubernetes.informer.SharedInformer` keeps models (45 kB for a Deployment, against under 2 kB here) and logs a traceback
whenever it stops, so the same protocol is spoken here: list, watch from its version with bookmarks, list again when the
version has expired or the stream broke. A stream that broke may have lost events; one that the server ended has not.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from reconciler.errors import LookError, TargetError
from reconciler.kube.door.api import Api, Events
from reconciler.kube.door.failures import ExpiredError
from reconciler.kube.kinds import Kind, Object
from reconciler.kube.look.seen import Seen, see

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 3.0
#: A stream that lived for less is a failed attempt, so that a server that cuts every stream is not asked in a loop.
_SHORT = 1.0
_STOP_PATIENCE = 2.0

_log = logging.getLogger("reconciler.kube")


class Reflector:
    """Keeps what is seen of one kind in one namespace; `changed` is rung, from its thread, when that changes."""

    def __init__(self, client: Api, kind: Kind, namespace: str, selector: str, changed: Callable[[], None]) -> None:
        self._client = client
        self._kind = kind
        self._namespace = namespace
        self._selector = selector
        self._changed = changed
        self._lock = threading.Lock()
        self._seen: dict[str, Seen] = {}
        self._failure = f"{kind.name}s in {namespace} have not been listed yet"
        self._stream: Events | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch-{namespace}-{kind.plural}", daemon=True)

    def state(self) -> tuple[tuple[Seen, ...], str]:
        """What is seen, and "" or why that may be old or partial."""
        with self._lock:
            return tuple(self._seen.values()), self._failure

    def refresh(self) -> None:
        """List once, now; for a look without `start`."""
        try:
            self._list()
        except TargetError as error:
            self._fail(str(error))

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Ask to end; `join` waits for it."""
        self._stopping.set()
        with self._lock:
            if self._stream is not None:
                self._stream.stop()

    def join(self) -> None:
        """Wait until it has ended, for a bounded time: a server that hangs must not hold up the end."""
        if self._thread.is_alive():
            self._thread.join(_STOP_PATIENCE)

    def _run(self) -> None:
        version, pause = "", _FIRST_PAUSE
        while not self._stopping.is_set():
            begun = time.monotonic()
            version, healthy = self._pass(version)
            if healthy and time.monotonic() - begun > _SHORT:
                pause = _FIRST_PAUSE
            elif not healthy or not version:
                self._stopping.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    def _pass(self, version: str) -> tuple[str, bool]:
        """List if need be, and follow to the end of the stream: the version to go on from ("" lists), and success."""
        try:
            return self._follow(version or self._list()), True
        except ExpiredError:
            return "", True
        except TargetError as error:
            self._fail(str(error))
        except Exception as error:  # noqa: BLE001 - a cache that is no longer fed must say so, whatever the fault
            _log.exception("watching %ss in %s failed", self._kind.name, self._namespace)
            self._fail(f"internal error: {type(error).__name__}: {error}")
        return "", False

    def _list(self) -> str:
        listing = self._client.list(self._kind, self._namespace, self._selector)
        seen = {item.name: item for item in map(self._see, listing.items) if item is not None}
        with self._lock:
            same = seen == self._seen and not self._failure
            self._seen, self._failure = seen, ""
        if not same:
            self._changed()
        return listing.version

    def _follow(self, version: str) -> str:
        with self._client.watch(self._kind, self._namespace, self._selector, version) as stream:
            if not self._adopt(stream):
                return version
            try:
                for event, item in stream.events():
                    version = item["metadata"]["resourceVersion"]
                    self._take(event, item)
            except LookError as error:
                if isinstance(error, ExpiredError):
                    raise
                return ""
            finally:
                with self._lock:
                    self._stream = None
        return version

    def _adopt(self, stream: Events) -> bool:
        with self._lock:
            self._stream = stream
            recovered, self._failure = bool(self._failure), ""
        if recovered:
            self._changed()
        return not self._stopping.is_set()

    def _take(self, event: str, item: Object) -> None:
        if event == "BOOKMARK":
            return
        name = item["metadata"]["name"]
        seen = None if event == "DELETED" else self._see(item)
        with self._lock:
            before = self._seen.get(name)
            if seen is None:
                self._seen.pop(name, None)
            else:
                self._seen[name] = seen
        if seen != before:
            self._changed()

    def _see(self, item: Object) -> Seen | None:
        return see(self._kind, item)

    def _fail(self, why: str) -> None:
        with self._lock:
            news, self._failure = not self._failure, why
        if news:
            self._changed()
