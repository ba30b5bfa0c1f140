"""What is known of our objects on one target: written by those who watch, read by the observer and the deployer."""

from __future__ import annotations

import threading

from reconciler.kube.declared import Declared
from reconciler.kube.kinds import Kind
from reconciler.kube.look.seen import Seen


class Cache:
    """What is seen of each object that bears our mark; to be shared by threads.

    `served` are the names of the kinds that the cluster has, of those that it may lack (None: not yet known).
    """

    def __init__(self, declared: Declared) -> None:
        self.declared = declared
        self.served: frozenset[str] | None = None
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str, str], Seen] = {}

    def get(self, kind: Kind, namespace: str, name: str) -> Seen | None:
        """What was seen of one object; None when it is not there or not ours."""
        with self._lock:
            return self._seen.get((kind.name, namespace, name))

    def of(self, namespace: str, service: str) -> tuple[Seen, ...]:
        """Everything that bears the mark of one service."""
        with self._lock:
            found = [one for one in self._seen.values() if one.namespace == namespace]
        return tuple(one for one in found if one.stamp.mark.service == service)

    def put(self, seen: Seen) -> bool:
        """Keep the newest of an object; whether that is news."""
        key = (seen.kind, seen.namespace, seen.name)
        with self._lock:
            before = self._seen.get(key)
            self._seen[key] = seen
        return before != seen

    def drop(self, kind: Kind, namespace: str, name: str) -> bool:
        """It is gone; whether that is news."""
        with self._lock:
            return self._seen.pop((kind.name, namespace, name), None) is not None
