"""What the simulated API server keeps: objects by kind, namespace and name, a counter of versions, past events."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from reconciler.kube.kinds import Object

Key = tuple[str, str, str]
#: Events that are kept for watches; who asks for older ones has to list anew.
WINDOW = 400


class Version(NamedTuple):
    """One version of one object. It is never changed; who is given it gets a copy (`copy`)."""

    item: Object
    text: str
    labels: dict[str, str]

    def copy(self) -> Object:
        """The object, for a caller of its own."""
        item: Object = json.loads(self.text)
        return item


class Event(NamedTuple):
    """A change: `before` is None for a new object, `after` for one that is gone."""

    version: int
    key: Key
    before: Version | None
    after: Version | None
    last: Version


class Store:
    """Implements what etcd and the watch cache are for an API server. `listeners` are told of each change."""

    def __init__(self) -> None:
        self.objects: dict[Key, Version] = {}
        self.version = 1
        self.oldest = 0
        self._events: deque[Event] = deque()
        self.listeners: list[Callable[[Event], None]] = []

    def get(self, key: Key) -> Version | None:
        return self.objects.get(key)

    def of(self, kind: str, namespace: str) -> Iterator[Version]:
        """Everything of one kind in a namespace, in the order of names, as etcd gives it."""
        return (self.objects[key] for key in sorted(key for key in self.objects if key[:2] == (kind, namespace)))

    def put(self, item: Object) -> Version:
        """Keep a new version of an object."""
        self.version += 1
        item = {**item, "metadata": {**item["metadata"], "resourceVersion": str(self.version)}}
        key = (item["kind"], item["metadata"]["namespace"], item["metadata"]["name"])
        after = Version(item, json.dumps(item), item["metadata"].get("labels") or {})
        before, self.objects[key] = self.objects.get(key), after
        self._tell(Event(self.version, key, before, after, after))
        return after

    def remove(self, key: Key) -> None:
        """An object is gone."""
        before = self.objects.pop(key)
        self.version += 1
        item = {**before.item, "metadata": {**before.item["metadata"], "resourceVersion": str(self.version)}}
        self._tell(Event(self.version, key, before, None, Version(item, json.dumps(item), before.labels)))

    def since(self, version: int, kind: str, namespace: str) -> list[Event]:
        """What happened to a kind after a version, oldest first. Raises KeyError when that is not known any more."""
        if version < self.oldest:
            raise KeyError(version)
        return [event for event in self._later(version) if event.key[:2] == (kind, namespace)][::-1]

    def at(self, version: int, kind: str, namespace: str) -> list[Version]:
        """What there was of a kind at an earlier version (a server that lags)."""
        past = {key: found for key, found in self.objects.items() if key[:2] == (kind, namespace)}
        for event in self._later(version):
            if event.key[:2] == (kind, namespace):
                past.pop(event.key, None)
                if event.before is not None:
                    past[event.key] = event.before
        return [past[key] for key in sorted(past)]

    def forget_events(self) -> None:
        """Nothing of the past is known any more (compaction)."""
        self._events.clear()
        self.oldest = self.version

    def clear(self) -> None:
        """An empty etcd takes the place of this one: versions begin anew."""
        self.objects.clear()
        self.forget_events()
        self.version, self.oldest = 1, 0

    def _later(self, version: int) -> Iterator[Event]:
        """The events after a version, newest first."""
        for event in reversed(self._events):
            if event.version <= version:
                return
            yield event

    def _tell(self, event: Event) -> None:
        self._events.append(event)
        if len(self._events) > WINDOW:
            self.oldest = self._events.popleft().version
        for listener in self.listeners:
            listener(event)
