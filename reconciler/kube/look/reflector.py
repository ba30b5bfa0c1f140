"""One kind in one namespace, listed once and then followed: what informers do, on raw JSON.

`kubernetes.informer.SharedInformer` keeps models (45 kB for a Deployment, against under 1 kB here) and logs a traceback
whenever it stops, so the same protocol is spoken here: list, watch from its version with bookmarks, list again when the
version has expired or the stream broke. A stream that broke may have lost events; one that the server ended has not,
nor has one that is given up because nothing has come from it for a while.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from reconciler.errors import LookError, TargetError
from reconciler.kube import marks
from reconciler.kube.door.api import Api, Events
from reconciler.kube.door.failures import ExpiredError, SilentError, UnservedError
from reconciler.kube.kinds import Kind, Object
from reconciler.kube.look.arrival import arrive
from reconciler.kube.look.cache import Cache
from reconciler.kube.look.seen import Seen
from reconciler.kube.look.versions import older

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 3.0
#: A stream that lived for less is a failed attempt, so that a server that cuts every stream is not asked in a loop.
_SHORT = 1.0
#: How often a kind that the cluster lacks is asked for again when nobody wants it, and how often at most.
_ABSENT_PAUSE = 60.0
_WANTED_PAUSE = 0.5
_STOP_PATIENCE = 2.0
#: The last of so many lists in a row that are older than what was seen is believed, whatever the server was doing
#: before: the store was restored or emptied. Until then it is asked once a second.
_BELIEVED = 5
_OUTDATED_PAUSE = 1.0

_log = logging.getLogger("reconciler.kube")


@dataclass(frozen=True, slots=True)
class State:
    """How a reflector stands: `listed` once there was any answer, `failure` "" or why what is seen may be old.

    `absent`: the cluster does not have this kind, or had it not when it last told.
    """

    listed: bool = False
    failure: str = ""
    absent: bool = False

    @property
    def seen(self) -> bool:
        """Whether everything that there is of the kind is seen."""
        return self.listed and not self.failure and not self.absent


class Reflector:
    """Writes what is seen of one kind in one namespace into the cache; `changed` is rung, from its thread, on news.

    `optional`: the cluster may lack the kind; there is nothing of it then. A kind without a plural is looked up first.
    """

    def __init__(
        self,
        api: Api,
        kind: Kind,
        namespace: str,
        owner: str,
        cache: Cache,
        changed: Callable[[], None],
        *,
        optional: bool = False,
    ) -> None:
        self.kind = kind
        self.namespace = namespace
        self.optional = optional
        #: When anything last arrived, by the monotonic clock.
        self.arrived = time.monotonic()
        self._api = api
        self._owner = owner
        self._cache = cache
        self._changed = changed
        self._version = ""
        self._newest = ""
        self._outdated = 0
        self._lock = threading.Lock()
        self._state = State()
        self._stream: Events | None = None
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._again = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch-{namespace}-{kind.name}", daemon=True)
        cache.on_want(kind, self._wake.set)

    @property
    def newest(self) -> str:
        """The newest resource version that was seen; "" before the first list."""
        return self._newest

    @property
    def part(self) -> str:
        """Its part of the target, as in `Gap.part`."""
        return f"{self.namespace}/{self.kind.name}"

    def state(self) -> State:
        """How it stands now."""
        return self._state

    def refresh(self) -> None:
        """List once, now; for a look without `start`."""
        self._guarded(self._list)

    def step(self) -> bool:
        """List if need be, and follow to the end of one stream; whether that went well."""
        return self._guarded(self._follow)

    def relist(self) -> None:
        """What is seen may be wrong: list again."""
        self._again.set()
        with self._lock:
            if self._stream is not None:
                self._stream.stop()

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Ask to end; `join` waits for it."""
        self._stopping.set()
        self._wake.set()
        with self._lock:
            if self._stream is not None:
                self._stream.stop()

    def join(self) -> None:
        """Wait until it has ended, for a bounded time: a server that hangs must not hold up the end."""
        if self._thread.is_alive():
            self._thread.join(_STOP_PATIENCE)

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            begun = time.monotonic()
            healthy = self.step()
            if self._state.absent and not self._state.failure:
                self._wait_until_wanted()
            elif self._outdated:
                self._stopping.wait(_OUTDATED_PAUSE)
            elif healthy and time.monotonic() - begun > _SHORT:
                pause = _FIRST_PAUSE
            else:
                self._stopping.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    def _wait_until_wanted(self) -> None:
        self._stopping.wait(_WANTED_PAUSE)
        self._wake.wait(_ABSENT_PAUSE)
        self._wake.clear()

    def _guarded(self, act: Callable[[], None]) -> bool:
        """Whether it went well; otherwise the state says why not, and the next pass lists."""
        try:
            act()
        except TargetError as error:
            return self._fail(error)
        except Exception as error:  # noqa: BLE001 - a cache that is no longer fed must say so, whatever the fault
            _log.exception("watching %ss in %s failed", self.kind.name, self.namespace)
            return self._fail(LookError(f"internal error: {type(error).__name__}: {error}"))
        return True

    def _fail(self, error: TargetError) -> bool:
        self._version = ""
        if self.optional and isinstance(error, UnservedError):
            news = self._cache.replace(self.kind, self.namespace, ())
            self._become(State(listed=True, absent=True), news=news)
            return True
        self._become(State(listed=True, failure=str(error), absent=self._state.absent))
        return False

    def _list(self) -> None:
        if not self.kind.plural:
            self.kind = self._api.kind(self.kind.full)
        self._cache.know(self.kind)
        try:
            seen, strangers, version = self._read()
        except ExpiredError:
            seen, strangers, version = self._read()
        news = self._cache.replace(self.kind, self.namespace, seen, strangers)
        self._version = self._newest = version
        self.arrived = time.monotonic()
        self._become(State(listed=True), news=news)

    def _read(self) -> tuple[list[Seen], list[str], str]:
        """Everything there is: what is ours, the names of what is not, and the version. Raises TargetError."""
        seen, strangers, version = [], [], ""
        for page in self._api.pages(self.kind, self.namespace, marks.ours(self._owner)):
            if not version:
                self._refuse_older(page.version)
            version = page.version
            for item in page.items:
                kept = arrive(self.kind, item, self._owner, self._cache.declared)
                if kept is not None:
                    seen.append(kept)
                else:
                    strangers.append(item["metadata"]["name"])
        return seen, strangers, version

    def _refuse_older(self, version: str) -> None:
        """A server that lags behind another one must not move what is seen back in time.

        Raises LookError; but in the end it is believed.
        """
        self._outdated = (self._outdated + 1) % _BELIEVED if older(version, self._newest) else 0
        if self._outdated:
            raise LookError(
                f"list {self.kind.name}s in {self.namespace}: the API server answers with version {version}, "
                f"after {self._newest}: it lags, or its store was restored"
            )

    def _follow(self) -> None:
        if not self._version or self._again.is_set():
            self._again.clear()
            self._list()
        try:
            with self._api.watch(self.kind, self.namespace, marks.ours(self._owner), self._version) as stream:
                if self._adopt(stream):
                    self._take_all(stream)
        except ExpiredError:
            self._version = ""

    def _take_all(self, stream: Events) -> None:
        try:
            for event, item in stream.events():
                self._take(event, item)
        except SilentError:
            return  # to go on from where it was
        except ExpiredError:
            raise
        except LookError:
            self._version = ""
        finally:
            with self._lock:
                self._stream = None

    def _adopt(self, stream: Events) -> bool:
        with self._lock:
            self._stream = stream
        self.arrived = time.monotonic()
        self._become(State(listed=True))
        return not self._stopping.is_set()

    def _take(self, event: str, item: Object) -> None:
        metadata = item["metadata"]
        self.arrived = time.monotonic()
        if older(metadata["resourceVersion"], self._version):
            if event == "BOOKMARK":
                raise ExpiredError(f"{self.part}: the store went back behind the stream")
            return  # late or twice: every change has a version of its own, and they only rise
        new = event != "BOOKMARK" and metadata["resourceVersion"] != self._version
        if new and self._keep(event, item, metadata["name"]):
            self._changed()
        self._version = self._newest = metadata["resourceVersion"]

    def _keep(self, event: str, item: Object, name: str) -> bool:
        if event == "DELETED":
            return self._cache.drop(self.kind, self.namespace, name)
        seen = arrive(self.kind, item, self._owner, self._cache.declared)
        if seen is None:
            return self._cache.drop(self.kind, self.namespace, name, stranger=True)
        return self._cache.put(seen)

    def _become(self, state: State, *, news: bool = False) -> None:
        before, self._state = self._state, state
        if news or (before.listed, bool(before.failure), before.absent) != (
            state.listed,
            bool(state.failure),
            state.absent,
        ):
            self._changed()
