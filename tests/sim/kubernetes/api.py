"""Implements the requests of the kube room (`reconciler.kube.door.api.Api`) on a simulated server, without faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from reconciler.kube import marks
from reconciler.kube.door.api import Listing
from reconciler.kube.door.failures import AbsentError, UnservedError, translate
from reconciler.kube.kinds import ALWAYS, OPTIONAL, Kind, Object
from tests.sim.kubernetes.repository import GADGET
from tests.sim.kubernetes.server import SimServer
from tests.sim.kubernetes.status import StatusError

T = TypeVar("T")


class SimApi:
    """What `Client` is for a real server. `calls` counts the requests."""

    def __init__(self, server: SimServer) -> None:
        self.server = server
        self.calls = 0
        self._kinds = {kind.full: kind for kind in (*ALWAYS, *OPTIONAL)}

    def list(self, kind: Kind, namespace: str, selector: str, *, metadata: bool = False, fields: str = "") -> Listing:
        return self.list_at(kind, namespace, selector, 0, metadata=metadata, fields=fields)

    def pages(self, kind: Kind, namespace: str, selector: str, *, fields: str = "") -> Iterator[Listing]:
        yield self.list(kind, namespace, selector, fields=fields)

    def list_at(
        self, kind: Kind, namespace: str, selector: str, lag: int, *, metadata: bool = False, fields: str = ""
    ) -> Listing:
        """The list of a server that is `lag` versions behind."""
        what = f"list {kind.name}s in {namespace}"
        items = self._read(what, lambda: self.server.find(kind, namespace, selector, fields, lag))
        if metadata:
            items = [{"metadata": item["metadata"]} for item in items]
        return Listing(items, str(self.server.store.version - lag))

    def kind(self, full: str) -> Kind:
        found = self._kinds.get(full)
        if found is None and full == GADGET.full and GADGET.name in self.server.kinds:
            found = self._kinds[full] = GADGET
        if found is None:
            raise UnservedError(f"the server does not know {full}")
        return found

    def ping(self, kind: Kind, namespace: str) -> str:
        del kind, namespace
        return str(self.server.store.version)

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        try:
            what = f"get {kind.name} {namespace}/{name}"
            return self._read(what, lambda: self.server.get(kind, namespace, name))
        except AbsentError:
            return None

    @contextmanager
    def watch(
        self, kind: Kind, namespace: str, selector: str, version: str, *, fields: str = ""
    ) -> Iterator[SimEvents]:
        del fields
        yield self.opened(kind, namespace, selector, version)

    def opened(self, kind: Kind, namespace: str, selector: str, version: str) -> SimEvents:
        """What a watch gives until now."""
        what = f"watch {kind.name}s in {namespace}"
        events = self._read(what, lambda: self.server.events(kind, namespace, selector, int(version)))
        return SimEvents([*events, _bookmark(self.server.store.version)])

    def apply(self, item: Object, *, manager: str = "", dry_run: bool = False) -> Object:
        what = f"apply {item['kind']} {item['metadata']['namespace']}/{item['metadata']['name']}"
        return self._write(what, lambda: self.server.apply(item, manager or marks.MANAGER, dry_run=dry_run))

    def create(self, item: Object) -> Object:
        what = f"create {item['kind']} {item['metadata']['name']}"
        return self._write(what, lambda: self.server.create(item, marks.MANAGER))

    def replace(self, item: Object) -> Object:
        what = f"replace {item['kind']} {item['metadata']['name']}"
        return self._write(what, lambda: self.server.replace(item, marks.MANAGER))

    def patch(self, kind: Kind, namespace: str, name: str, operations: Sequence[Object]) -> Object:
        what = f"patch {kind.name} {namespace}/{name}"
        return self._write(what, lambda: self.server.patch(kind, namespace, name, operations, marks.MANAGER))

    def delete(
        self, kind: Kind, namespace: str, name: str, uid: str, *, foreground: bool, orphan: bool = False
    ) -> None:
        propagation = "Orphan" if orphan else "Foreground" if foreground else "Background"
        what = f"delete {kind.name} {namespace}/{name}"
        self._write(what, lambda: self.server.delete(kind, namespace, name, uid, propagation))

    def close(self) -> None:
        """Nothing is held."""

    def _read(self, what: str, ask: Callable[[], T]) -> T:
        return self._send(what, ask, write=False)

    def _write(self, what: str, do: Callable[[], T]) -> T:
        return self._send(what, do, write=True)

    def _send(self, what: str, do: Callable[[], T], *, write: bool) -> T:
        self.calls += 1
        try:
            return do()
        except StatusError as error:
            raise translate(what, error.answer(), write=write) from error


class SimEvents:
    """A stream that ends, as a server's does after its time."""

    def __init__(self, events: Sequence[tuple[str, Object]]) -> None:
        self._events = events

    def events(self) -> Iterator[tuple[str, Object]]:
        yield from self._events

    def stop(self) -> None:
        """It ends by itself."""


def _bookmark(version: int) -> tuple[str, Object]:
    return "BOOKMARK", {"metadata": {"resourceVersion": str(version)}}
