"""Whose objects there are: names only, listed once for everybody who asks within moments.

A thousand new services must not cost a question each. What matters is what is *not* ours, and a label selector finds
just that, so that the list stays short however many services there are. Between the list and the apply a stranger could
still make an object of the same name; that window is a few seconds.
"""

from __future__ import annotations

import math
import threading
import time
from collections import defaultdict
from collections.abc import Mapping

from reconciler.kube.door.api import Api
from reconciler.kube.kinds import Kind, Object

_FRESH = 2.0
_STALE = 5.0

#: Metadata by name.
Names = Mapping[str, Object]


class Roster:
    """The objects that match a label selector, by kind and namespace; to be shared by threads."""

    def __init__(self, client: Api, selector: str) -> None:
        self._client = client
        self._selector = selector
        self._guard = threading.Lock()
        self._locks: defaultdict[tuple[str, str], threading.Lock] = defaultdict(threading.Lock)
        self._known: dict[tuple[str, str], tuple[float, Names]] = {}

    def names(self, kind: Kind, namespace: str) -> Names:
        """The metadata of the objects, by name. Raises LookError.

        Not older than two seconds, but while somebody lists them anew: then what was known goes on being good, up to
        `_STALE`, so that a busy server does not make everybody wait for one list.
        """
        with self._guard:
            lock = self._locks[kind.name, namespace]
        known = self._recent(kind, namespace, _STALE)
        if not lock.acquire(blocking=known is None) and known is not None:
            return known
        try:
            names = self._recent(kind, namespace, _FRESH)
            return self._ask(kind, namespace) if names is None else names
        finally:
            lock.release()

    def _recent(self, kind: Kind, namespace: str, age: float) -> Names | None:
        """What was listed within the last `age` seconds."""
        asked, names = self._known.get((kind.name, namespace), (-math.inf, {}))
        return names if time.monotonic() - asked <= age else None

    def _ask(self, kind: Kind, namespace: str) -> Names:
        asked = time.monotonic()
        items = self._client.list(kind, namespace, self._selector, metadata=True).items
        names = {item["metadata"]["name"]: item["metadata"] for item in items}
        self._known[kind.name, namespace] = (asked, names)
        return names
