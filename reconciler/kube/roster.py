"""Whose objects there are: names only, listed once for everybody who asks within moments.

A thousand new services must not cost a question each. What matters is what is *not* ours, and a label selector finds
just that, so that the list stays short however many services there are. Between the list and the apply a stranger could
still make an object of the same name; that window is as short as `_FRESH`.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping

from reconciler.kube.client import Client
from reconciler.kube.kinds import Kind, Object

_FRESH = 2.0

#: Metadata by name.
Names = Mapping[str, Object]


class Roster:
    """The objects that match a label selector, by kind and namespace; to be shared by threads."""

    def __init__(self, client: Client, selector: str) -> None:
        self._client = client
        self._selector = selector
        self._guard = threading.Lock()
        self._locks: defaultdict[tuple[str, str], threading.Lock] = defaultdict(threading.Lock)
        self._known: dict[tuple[str, str], tuple[float, Names]] = {}

    def names(self, kind: Kind, namespace: str) -> Names:
        """The metadata of the objects, by name, not older than two seconds. Raises LookError."""
        key = (kind.name, namespace)
        with self._guard:
            lock = self._locks[key]
        with lock:
            asked, names = self._known.get(key, (0.0, {}))
            now = time.monotonic()
            if key not in self._known or now - asked > _FRESH:
                items = self._client.list(kind, namespace, self._selector, metadata=True).items
                names = {item["metadata"]["name"]: item["metadata"] for item in items}
                self._known[key] = (now, names)
            return names
