"""Whose objects there are: names only, listed once for everybody who asks within moments.

A thousand new services must not cost a question each. What matters is what is *not* ours, and a label selector finds
just that, so that the list stays short however many services there are. It is some seconds old: what was made since,
the API server itself finds when something is applied (see `Applier`).
"""

from __future__ import annotations

import math
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping

from reconciler.kube.door.api import Api
from reconciler.kube.kinds import Kind, Object

_FRESH = 10.0
_STALE = 20.0


class Roster:
    """The objects that match a label selector, by kind and namespace; to be shared by threads.

    `monotonic` tells the time in seconds.
    """

    def __init__(self, api: Api, selector: str, monotonic: Callable[[], float]) -> None:
        self._api = api
        self._selector = selector
        self._monotonic = monotonic
        self._guard = threading.Lock()
        self._locks: defaultdict[tuple[str, str], threading.Lock] = defaultdict(threading.Lock)
        self._known: dict[tuple[str, str], tuple[float, Mapping[str, Object]]] = {}

    def names(self, kind: Kind, namespace: str) -> Mapping[str, Object]:
        """The objects by name, without their spec and status. Raises LookError.

        Raises UnservedError when the server does not know the kind.
        Not older than ten seconds, but while somebody lists them anew: then what was known goes on being good, up to
        `_STALE`, so that a busy server does not make everybody wait for one list.
        """
        lock = self._lock(kind, namespace)
        known = self._recent(kind, namespace, _STALE)
        if not lock.acquire(blocking=known is None) and known is not None:
            return known
        try:
            names = self._recent(kind, namespace, _FRESH)
            return self._ask(kind, namespace) if names is None else names
        finally:
            lock.release()

    def names_now(self, kind: Kind, namespace: str) -> Mapping[str, Object]:
        """As `names`, from a list that was begun after this was called; those who wait at the same time share one."""
        called = self._monotonic()
        with self._lock(kind, namespace):
            asked, names = self._known.get((kind.full, namespace), (-math.inf, {}))
            return names if asked > called else self._ask(kind, namespace)

    def _lock(self, kind: Kind, namespace: str) -> threading.Lock:
        with self._guard:
            return self._locks[kind.full, namespace]

    def _recent(self, kind: Kind, namespace: str, age: float) -> Mapping[str, Object] | None:
        """What was listed within the last `age` seconds."""
        asked, names = self._known.get((kind.full, namespace), (-math.inf, {}))
        return names if self._monotonic() - asked <= age else None

    def _ask(self, kind: Kind, namespace: str) -> Mapping[str, Object]:
        asked = self._monotonic()
        items = self._api.list(kind, namespace, self._selector, metadata=True).items
        names = {item["metadata"]["name"]: item for item in items}
        self._known[kind.full, namespace] = (asked, names)
        return names
