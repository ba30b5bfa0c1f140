"""Requests that fail: between the daemon and the API server, with a fault or the daemon's death at any call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

from reconciler.errors import LookError, UncertainError, UnreachableError
from reconciler.kube.door.api import Listing
from reconciler.kube.door.failures import AbsentError, ExpiredError, translate
from reconciler.kube.kinds import Kind, Object
from tests.sim.kubernetes import status
from tests.sim.kubernetes.api import SimApi, SimEvents
from tests.sim.kubernetes.weather import (
    READING,
    REFUSALS,
    SILENCE,
    WRITING,
    DeathError,
    Fault,
    Weather,
    Witness,
    Write,
)

T = TypeVar("T")
#: From here on the numbers of faults are those of writes.
WRITE = 1000


class FaultyApi:
    """Implements Api. One for each life of a daemon: after its death, not one call gets through.

    `may_not` is asked before each write, as the real client does; `lose_lease` gives the lease to another daemon.
    `faults` are those of the present turn, by the number of the call, or by `WRITE` and the number of the write.
    `delay` is by how many seconds late requests are late, and by how many versions stale lists are stale.
    Of the present turn, `writes` are those that were sent,
    `requests` the other calls but watches, `blind` the kinds whose last list or watch failed.
    """

    def __init__(self, api: SimApi, weather: Weather, witness: Witness, counts: Counter[str]) -> None:
        self._api = api
        self._weather = weather
        self._witness = witness
        self._counts = counts
        self._faults: Mapping[int, Fault] = {}
        self._delay = 0
        self._number = self._sent = 0
        self._restarts: dict[str, int] = {}
        self.may_not: Callable[[], str] = lambda: ""
        self.lose_lease: Callable[[], None] = lambda: None
        self.calls = 0
        self.dead = False
        self.writes: list[Write] = []
        self.requests = 0
        self.blind: set[str] = set()

    def begin(self, faults: Mapping[int, Fault], delay: int = 3) -> None:
        """A new turn with faults of its own."""
        self._faults, self._delay, self._number, self._sent = faults, delay, 0, 0
        self.writes, self.requests, self.blind = [], 0, set()

    def list(self, kind: Kind, namespace: str, selector: str, *, metadata: bool = False, fields: str = "") -> Listing:
        # A kind that the server lacks is asked for once a minute, here at each step.
        self.requests += kind.name in self._api.server.kinds
        fault = self._due("list")
        # A server that lags is believed about names; that window is documented.
        lag = self._lag() if fault is Fault.STALE and not metadata else 0

        def ask() -> Listing:
            return self._api.list_at(kind, namespace, selector, lag, metadata=metadata, fields=fields)

        return self._read("list", kind, fault, ask, follows=not metadata)

    def pages(self, kind: Kind, namespace: str, selector: str, *, fields: str = "") -> Iterator[Listing]:
        found = self.list(kind, namespace, selector, fields=fields)
        half = len(found.items) // 2
        yield Listing(found.items[:half], found.version)
        if half:
            self._read("list", kind, self._due("page"), lambda: None, follows=True)
        yield Listing(found.items[half:], found.version)

    def kind(self, full: str) -> Kind:
        return self._api.kind(full)

    def ping(self, kind: Kind, namespace: str) -> str:
        return self._api.ping(kind, namespace)

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        self.requests += 1
        return self._read("get", kind, self._due("get"), lambda: self._api.get(kind, namespace, name), follows=False)

    @contextmanager
    def watch(
        self, kind: Kind, namespace: str, selector: str, version: str, *, fields: str = ""
    ) -> Iterator[FaultyEvents]:
        del fields
        fault = self._due("watch")

        def ask() -> SimEvents:
            return self._api.opened(kind, namespace, selector, version)

        yield FaultyEvents(self._read("watch", kind, fault, ask, follows=True), fault, self._delay)

    def apply(self, item: Object, *, manager: str = "", dry_run: bool = False) -> Object:
        return self._write(
            "dry run" if dry_run else "apply",
            item["kind"],
            item["metadata"],
            lambda: self._api.apply(item, manager=manager, dry_run=dry_run),
            item,
        )

    def create(self, item: Object) -> Object:
        return self._write("create", item["kind"], item["metadata"], lambda: self._api.create(item), item)

    def replace(self, item: Object) -> Object:
        return self._write("replace", item["kind"], item["metadata"], lambda: self._api.replace(item), item)

    def patch(self, kind: Kind, namespace: str, name: str, operations: Sequence[Object]) -> Object:
        where = {"namespace": namespace, "name": name}
        return self._write("patch", kind.name, where, lambda: self._api.patch(kind, namespace, name, operations))

    def delete(
        self, kind: Kind, namespace: str, name: str, uid: str, *, foreground: bool, orphan: bool = False
    ) -> None:
        where = {"namespace": namespace, "name": name, "uid": uid}
        self._write(
            "delete",
            kind.name,
            where,
            lambda: self._api.delete(kind, namespace, name, uid, foreground=foreground, orphan=orphan),
        )

    def close(self) -> None:
        """Nothing is held."""

    def _read(self, verb: str, kind: Kind, fault: Fault | None, ask: Callable[[], T], *, follows: bool) -> T:
        what = f"{verb} {kind.name}s"
        if follows:
            self.blind.add(kind.name)
        away = verb == "watch" and self._restarts.get(kind.name, self._weather.restarts) != self._weather.restarts
        self._restarts[kind.name] = self._weather.restarts
        if self._weather.down or away or fault in SILENCE:
            raise LookError(f"{what}: no answer")
        if fault is not None and fault in READING:
            if fault is Fault.EXPIRED and verb == "watch":  # it lists at the next step
                self.blind.discard(kind.name)
            raise translate(what, REFUSALS[fault]().answer(), write=False)
        if (verb, kind.name) in self._weather.forbidden:
            raise translate(what, status.forbidden(what, "no rights").answer(), write=False)
        try:
            answer = ask()
        except AbsentError:  # there is nothing of a kind that the server does not know
            self.blind.discard(kind.name)
            raise
        except ExpiredError:  # it lists at the next step
            self.blind -= {kind.name} if verb == "watch" else set()
            raise
        self.blind.discard(kind.name)
        if fault is Fault.KILLED_AFTER:
            raise self._death()
        return answer

    def _write(self, verb: str, kind: str, where: Object, do: Callable[[], T], item: Object | None = None) -> T:
        what = f"{verb} {kind} {where['namespace']}/{where['name']}"
        fault = self._due(verb, self._faults.get(WRITE + self._sent))
        self._sent += 1
        if why := self.may_not():
            raise UnreachableError(f"{what}: not sent: {why}")
        write = Write(verb, kind, where["namespace"], where["name"], where.get("uid", ""), item)
        if verb == "dry run":
            self.requests += 1
        else:
            self.writes.append(write)
            self._witness.before(write)
        if self._weather.down or fault is Fault.UNREACHED:
            raise UnreachableError(f"{what}: no answer")
        if (verb.replace("apply", "patch"), kind) in self._weather.forbidden:
            raise translate(what, status.forbidden(what, "no rights").answer(), write=True)
        if fault is not None and fault in WRITING:
            raise translate(what, REFUSALS[fault]().answer(), write=True)
        if fault is Fault.LATE and verb != "dry run":
            self._weather.later(self._delay, lambda: self._told(write, do()))
            raise UncertainError(f"{what}: no answer")
        answer = do() if verb == "dry run" else self._told(write, do())
        if fault is Fault.KILLED_AFTER:
            raise self._death()
        if fault is Fault.LOST:
            raise UncertainError(f"{what}: no answer")
        return answer

    def _told(self, write: Write, answer: T) -> T:
        if isinstance(answer, dict):
            self._witness.made(answer)
        else:
            self._witness.deleted(write.uid)
        return answer

    def _due(self, verb: str, own: Fault | None = None) -> Fault | None:
        if self.dead:
            raise DeathError
        fault = own or self._faults.get(self._number)
        self._number += 1
        self.calls += 1
        if fault is not None:
            self._counts[f"{verb}: {fault.value}"] += 1
        if fault is Fault.KILLED_BEFORE:
            raise self._death()
        if fault is Fault.UNSEATED:
            self.lose_lease()
        return fault

    def _death(self) -> DeathError:
        self.dead = True
        return DeathError()

    def _lag(self) -> int:
        store = self._api.server.store
        return min(self._delay, max(store.version - max(store.oldest, 1), 0))


class FaultyEvents:
    """A stream whose events come twice, late, or not all: then it breaks."""

    def __init__(self, stream: SimEvents, fault: Fault | None, delay: int) -> None:
        self._events = list(stream.events())
        self._fault = fault
        self._some = delay % (len(self._events) + 1)

    def events(self) -> Iterator[tuple[str, Object]]:
        match self._fault:
            case Fault.DOUBLED:
                yield from (event for event in self._events for _ in range(2))
            case Fault.CUT:
                yield from self._events[: self._some]
                raise LookError("the stream broke")
            case Fault.LAGS:
                yield from self._events[: self._some]
            case _:
                yield from self._events

    def stop(self) -> None:
        """It ends by itself."""
