"""What is known of our objects on one target: written by those who watch, read by the observer and the deployer."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace

from reconciler.kube.declared import Declared
from reconciler.kube.kinds import Kind
from reconciler.kube.look.arrival import compared
from reconciler.kube.look.seen import Seen

#: A namespace and a service in it.
Place = tuple[str, str]


class Cache:
    """What is seen of each object that bears our mark; to be shared by threads.

    `served` are the names of the kinds that the cluster has, of those that it may lack (None: not yet known).
    """

    def __init__(self, declared: Declared) -> None:
        self.declared = declared
        self.served: frozenset[str] | None = None
        self._lock = threading.RLock()
        self._names: defaultdict[tuple[str, str], dict[str, Seen]] = defaultdict(dict)
        self._groups: dict[Place, tuple[Seen, ...]] = {}
        self._strangers: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._settled: dict[tuple[str, str, str], object] = {}
        self._changed: set[Place] = set()
        self._uncompared: set[Place] = set()
        self._kinds: dict[str, Kind] = {}
        self._wishes: defaultdict[str, list[Callable[[], None]]] = defaultdict(list)

    def get(self, kind: Kind, namespace: str, name: str) -> Seen | None:
        """What was seen of one object; None when it is not there or not ours."""
        with self._lock:
            return self._names[kind.name, namespace].get(name)

    def of(self, namespace: str, service: str) -> tuple[Seen, ...]:
        """Everything that bears the mark of one service, in no order; also what a controller made of it (`child`)."""
        with self._lock:
            return self._groups.get((namespace, service), ())

    def is_stranger(self, kind: Kind, namespace: str, name: str) -> bool:
        """Whether there is an object of that name which bears our owner label and is not ours: a copy, most likely."""
        with self._lock:
            return name in self._strangers[kind.name, namespace]

    def put(self, seen: Seen) -> bool:
        """Keep the newest of an object; whether that is news (a new version alone is none)."""
        with self._lock:
            names = self._names[seen.kind, seen.namespace]
            self._strangers[seen.kind, seen.namespace].discard(seen.name)
            before, seen = names.get(seen.name), self._sharing(self._without_settled(seen))
            if before is not None and before.service != seen.service:
                self._leave(before)
            names[seen.name] = seen
            self._join(seen, news=before != seen)
        return before != seen

    def drop(self, kind: Kind, namespace: str, name: str, *, stranger: bool = False) -> bool:
        """It is gone, or (`stranger`) there and not ours; whether that is news."""
        with self._lock:
            strangers = self._strangers[kind.name, namespace]
            (strangers.add if stranger else strangers.discard)(name)
            before = self._names[kind.name, namespace].pop(name, None)
            if before is not None:
                self._settled.pop((kind.name, namespace, name), None)
                self._leave(before)
        return before is not None

    def replace(self, kind: Kind, namespace: str, seen: Iterable[Seen], strangers: Iterable[str] = ()) -> bool:
        """Keep just these of a kind in a namespace, and whose names are strangers'; whether that is news."""
        items = {item.name: item for item in seen}
        with self._lock:
            gone = [name for name in self._names[kind.name, namespace] if name not in items]
            news = [self.drop(kind, namespace, name) for name in gone] + [self.put(item) for item in items.values()]
            self._strangers[kind.name, namespace] = set(strangers)
        return any(news)

    def changes(self) -> set[Place]:
        """The services of which something has changed since this was last asked."""
        with self._lock:
            changed, self._changed = self._changed, set()
        return changed

    def retell(self, kind: str, namespace: str, name: str) -> bool:
        """Other things are said of an object: its service is looked at again. Whether it is one of ours."""
        with self._lock:
            seen = self._names.get((kind, namespace), {}).get(name)
            if seen is not None:
                self._changed.add((namespace, seen.service))
        return seen is not None

    def compare(self) -> bool:
        """Compare what could not be compared when it arrived, and now can; whether there was news."""
        with self._lock:
            places = {place for place in self._uncompared if place in self._groups}
            waiting = [(place, seen) for place in places for seen in self._groups[place] if seen.raw]
            self._uncompared = {place for place, _ in waiting}
        digests = {service: self.declared.digest(service) for _, service in places}
        ready = [seen for _, seen in waiting if seen.stamp.mark.digest == digests[seen.service]]
        news = [self._exchange(seen, compared(seen, self.declared)) for seen in ready]
        return any(news)

    def settle(self, seen: Seen) -> None:
        """The API server says that what differs on this object is as declared: it is not shown until it changes."""
        with self._lock:
            self._settled[seen.kind, seen.namespace, seen.name] = _state(seen)
            current = self._names[seen.kind, seen.namespace].get(seen.name)
            if current is not None:
                self.put(current)

    def know(self, kind: Kind) -> None:
        """A kind that is followed, and where the API server keeps it."""
        self._kinds[kind.name] = kind

    def kind(self, name: str) -> Kind:
        """The kind of something that was seen (`Seen.kind`). Raises KeyError for one that is not followed."""
        return self._kinds[name]

    def want(self, kind: Kind) -> None:
        """Somebody needs a kind that the cluster lacked: it is asked for at once. Its plural need not be known."""
        for wish in self._wishes[kind.full]:
            wish()

    def on_want(self, kind: Kind, wish: Callable[[], None]) -> None:
        """Call this when somebody wants a kind."""
        self._wishes[kind.full].append(wish)

    def _exchange(self, old: Seen, new: Seen) -> bool:
        """Put `new` in the place of `old`, unless another version has come meanwhile."""
        with self._lock:
            current = self._names[old.kind, old.namespace].get(old.name)
            return current is not None and current.version == old.version and self.put(new)

    def _without_settled(self, seen: Seen) -> Seen:
        known = self._settled.get((seen.kind, seen.namespace, seen.name)) if seen.drift else None
        return replace(seen, drift=()) if known is not None and known == _state(seen) else seen

    def _sharing(self, seen: Seen) -> Seen:
        """The same with a stamp that others of its set have too, which saves a third of the memory."""
        others = self._groups.get((seen.namespace, seen.service), ())
        stamp = next((item.stamp for item in others[:1] if item.stamp == seen.stamp), None)
        return replace(seen, stamp=stamp) if stamp is not None else seen

    def _join(self, seen: Seen, *, news: bool) -> None:
        place = (seen.namespace, seen.service)
        others = tuple(item for item in self._groups.get(place, ()) if (item.kind, item.name) != (seen.kind, seen.name))
        self._groups[place] = (*others, seen)
        if news:
            self._changed.add(place)
        if seen.raw:
            self._uncompared.add(place)

    def _leave(self, seen: Seen) -> None:
        place = (seen.namespace, seen.service)
        others = tuple(item for item in self._groups.get(place, ()) if (item.kind, item.name) != (seen.kind, seen.name))
        if others:
            self._groups[place] = others
        else:
            self._groups.pop(place, None)
        self._changed.add(place)


def _state(seen: Seen) -> object:
    """What must be the same for a difference to be the same: a status alone may change.

    Changes of metadata are not counted by the generation.
    """
    fields = tuple((drift.field, drift.manager) for drift in seen.drift)
    metadata = any(field.startswith("/metadata") for field, _ in fields)
    return seen.uid, (0 if metadata else seen.generation) or seen.version, fields
