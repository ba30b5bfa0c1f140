"""A table that forgets: what a daemon remembers for months must not grow with everything that ever was."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

_MOST = 10_000


class Bounded(Generic[K, V]):
    """At most `most` values; the one that was put first is forgotten first. Safe to use from many threads."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._values: dict[K, V] = {}
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """The value; None when it was never put, or is forgotten."""
        with self._lock:
            return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        """Remember a value as the newest."""
        with self._lock:
            self._values.pop(key, None)
            self._values[key] = value
            if len(self._values) > self._most:
                del self._values[next(iter(self._values))]
