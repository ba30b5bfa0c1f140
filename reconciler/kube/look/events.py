"""What the cluster says in events about objects that are not well: followed, so that a look costs no request.

Events bear no labels of ours: all warnings of a namespace arrive, and all that is said of claims, which is no warning
where a claim has no volume. Of each object only what was said last is kept, of a bounded number of objects and for a
bounded time. A cluster whose events may not be read lacks these words and nothing else.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta

from reconciler.errors import LookError, TargetError
from reconciler.kube.door.api import Api, Events
from reconciler.kube.door.failures import ExpiredError
from reconciler.kube.kinds import EVENT, Object
from reconciler.kube.look.cache import Cache
from reconciler.kube.look.causes import Said, said

#: What is followed in each namespace, as field selectors.
FOLLOWED = ("type=Warning", "involvedObject.kind=PersistentVolumeClaim")
_MOST = 4096
#: A controller tries again after at most 1,000 seconds (client-go's rate limiter), and then says the same again.
_KEPT = timedelta(minutes=20)
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_STOP_PATIENCE = 2.0

_log = logging.getLogger("reconciler.kube")


class Words:
    """What was last said of each object, by its uid; to be shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said: OrderedDict[str, Said] = OrderedDict()

    def of(self, uid: str) -> Said | None:
        """What was last said of an object; None when nothing was, or long ago."""
        with self._lock:
            return self._said.get(uid)

    def put(self, uid: str, heard: Said) -> bool:
        """Keep it if it is the newest; whether these are other words than before."""
        with self._lock:
            before = self._said.get(uid)
            if before is not None and before.at > heard.at:
                return False
            self._said[uid] = heard
            self._said.move_to_end(uid)
            self._forget(heard)
        return before is None or (before.reason, before.message) != (heard.reason, heard.message)

    def _forget(self, newest: Said) -> None:
        while len(self._said) > _MOST or next(iter(self._said.values())).at < newest.at - _KEPT:
            self._said.popitem(last=False)


class Listener:
    """Follows the events of a namespace that match a field selector; `changed` is rung on other words about ours."""

    def __init__(
        self, api: Api, namespace: str, fields: str, words: Words, cache: Cache, changed: Callable[[], None]
    ) -> None:
        self._api = api
        self._namespace = namespace
        self._fields = fields
        self._words = words
        self._cache = cache
        self._changed = changed
        self._version = ""
        self._failure = ""
        self._lock = threading.Lock()
        self._stream: Events | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"events-{namespace}", daemon=True)

    def refresh(self) -> None:
        """List once, now; for a look without `start`."""
        self._guarded(self._list)

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
        """Wait until it has ended, for a bounded time."""
        if self._thread.is_alive():
            self._thread.join(_STOP_PATIENCE)

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            pause = _FIRST_PAUSE if self._guarded(self._follow) else min(pause * 2, _LONGEST_PAUSE)
            self._stopping.wait(pause)

    def _guarded(self, act: Callable[[], None]) -> bool:
        """Whether it went well; otherwise everything is listed the next time."""
        try:
            act()
        except ExpiredError:
            self._version = ""
        except TargetError as error:
            return self._fail(str(error))
        except Exception as error:  # noqa: BLE001 - words that are missing must not end what follows them
            return self._fail(f"internal error: {type(error).__name__}: {error}")
        return True

    def _fail(self, why: str) -> bool:
        if not self._failure:
            _log.warning("causes that only events tell are not shown for now: %s", why)
        self._version, self._failure = "", why
        return False

    def _list(self) -> None:
        version, news = "", False
        for page in self._api.pages(EVENT, self._namespace, "", fields=self._fields):
            version = page.version
            news |= any([self._hear(event) for event in page.items])  # noqa: C419 - every one is to be heard
        self._version, self._failure = version, ""
        if news:
            self._changed()

    def _follow(self) -> None:
        if not self._version:
            self._list()
        with self._api.watch(EVENT, self._namespace, "", self._version, fields=self._fields) as stream:
            with self._lock:
                self._stream = stream
            try:
                self._take_all(stream)
            finally:
                with self._lock:
                    self._stream = None

    def _take_all(self, stream: Events) -> None:
        try:
            for happened, event in () if self._stopping.is_set() else stream.events():
                self._version = event["metadata"]["resourceVersion"]
                if happened in ("ADDED", "MODIFIED") and self._hear(event):
                    self._changed()
        except ExpiredError:
            raise
        except LookError:  # a stream that broke, or was stopped: some may be lost, so that all is listed
            self._version = ""

    def _hear(self, event: Object) -> bool:
        """Whether it says something new about one of our objects."""
        heard, about = said(event), event.get("involvedObject") or {}
        if heard is None or not self._words.put(str(about.get("uid", "")), heard):
            return False
        return self._cache.retell(str(about.get("kind", "")), self._namespace, str(about.get("name", "")))
