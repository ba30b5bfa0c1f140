"""What hands do to a cluster, and how long it takes until it is undone: seen by a watch of the administrator's own."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.bench.api_server import ApiServer
from tests.bench.report import Table, goal, short
from tests.bench.workload import name_of

Body = dict[str, Any]
_PATIENCE = 30.0
_DEPLOYMENT, _SERVICE, _CONFIG = "apis/apps/v1/deployments", "api/v1/services", "api/v1/configmaps"
#: What a hand changes of each kind, and where that is read again.
_CHANGES: dict[str, tuple[Body, Callable[[Body], object]]] = {
    _DEPLOYMENT: ({"spec": {"replicas": 7}}, lambda item: item["spec"]["replicas"]),
    _SERVICE: ({"metadata": {"labels": {"app.kubernetes.io/name": "x"}}}, lambda item: item["metadata"]["labels"]),
    _CONFIG: ({"data": {"metric": "l2"}}, lambda item: item["data"]),
}


@dataclass
class Eye:
    """Follows the objects of one kind in namespace `ai`: the newest of each, and a bell for whoever waits."""

    server: ApiServer
    kind: str
    items: dict[str, Body] = field(default_factory=dict)
    news: threading.Condition = field(default_factory=threading.Condition)

    def start(self) -> None:
        listing = self.server.get(self.path)
        self.items = {item["metadata"]["name"]: item for item in listing["items"]}
        version = listing["metadata"]["resourceVersion"]
        threading.Thread(target=self._follow, args=(version,), daemon=True).start()

    @property
    def path(self) -> str:
        group, _, plural = self.kind.rpartition("/")
        return f"/{group}/namespaces/ai/{plural}"

    def wait(self, name: str, right: Callable[[Body | None], bool], patience: float = _PATIENCE) -> float:
        """The moment at which the object was seen to be right."""
        with self.news:
            if not self.news.wait_for(lambda: right(self.items.get(name)), patience):
                raise TimeoutError(f"{self.kind} {name} is not right after {patience:g} s")
        return time.monotonic()

    def _follow(self, version: str) -> None:
        for line in self.server.stream(f"{self.path}?watch=true&resourceVersion={version}"):
            event = json.loads(line)
            item, name = event["object"], event["object"]["metadata"]["name"]
            with self.news:
                if event["type"] == "DELETED":
                    self.items.pop(name, None)
                else:
                    self.items[name] = item
                self.news.notify_all()


@contextmanager
def eyes(server: ApiServer) -> Iterator[dict[str, Eye]]:
    """One for each kind that services of the bench are made of. Their streams end with the server."""
    found = {kind: Eye(server, kind) for kind in _CHANGES}
    for eye in found.values():
        eye.start()
    yield found


def change_by_hand(server: ApiServer, watchers: dict[str, Eye], times: int, services: int) -> list[float]:
    """Seconds from the answer to a hand's change until the field is as declared again, each on another service."""
    waits = []
    for number in range(times):
        kind = list(_CHANGES)[number % len(_CHANGES)]
        eye, name = watchers[kind], name_of(number * services // times)
        patch, read = _CHANGES[kind]
        right = read(eye.items[name])
        version = server.patch(f"{eye.path}/{name}", patch)["metadata"]["resourceVersion"]
        began = time.monotonic()
        waits.append(eye.wait(name, lambda item, v=version, r=right, f=read: _is_back(item, v, f, r)) - began)
    return waits


def delete_by_hand(server: ApiServer, watchers: dict[str, Eye], times: int, services: int) -> list[float]:
    """Seconds from the answer to a deletion until there is such an object again."""
    waits = []
    for number in range(times):
        eye, name = watchers[list(_CHANGES)[number % len(_CHANGES)]], name_of(number * services // times)
        uid = eye.items[name]["metadata"]["uid"]
        server.delete(f"{eye.path}/{name}")
        began = time.monotonic()
        waits.append(eye.wait(name, lambda item, u=uid: item is not None and item["metadata"]["uid"] != u) - began)
    return waits


def _is_back(item: Body | None, version: str, read: Callable[[Body], object], right: object) -> bool:
    return item is not None and item["metadata"]["resourceVersion"] > version and read(item) == right


def table(rows: Sequence[tuple[int, str, Sequence[float]]]) -> Table:
    """The middle, the 99th of a hundred and the longest, for each number of services."""
    columns = ("services", "by hand", "times", "p50", "p99", "longest", "goal p50 0.1 s", "goal p99 0.5 s")
    notes = (
        "From the answer to the hand's request until a watch of the administrator's sees it undone; one at a time.",
        "Changed: replicas of a Deployment, a label of a Service, an entry of a ConfigMap in turn. Argo CD: 0.13 s.",
    )
    return Table("Kubernetes: what a hand did is undone", columns, [_row(*row) for row in rows], notes)


def _row(count: int, what: str, waits: Sequence[float]) -> tuple[str, ...]:
    ordered = sorted(waits)
    middle, late = ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    cells = (f"{count:,}", what, str(len(ordered)), short(middle), short(late), short(ordered[-1]))
    return (*cells, goal(middle, 0.1, at_least=False), goal(late, 0.5, at_least=False))
