"""The garbage collector: what was made of an object goes with it, before it, or stays, as its deletion asked for."""

from __future__ import annotations

from reconciler.kube.kinds import Object
from tests.sim.kubernetes.server import FOREGROUND, ORPHAN, SimServer
from tests.sim.kubernetes.store import Key


def collect(server: SimServer) -> None:
    """Everything that can go now goes. Pods take no time here to end."""
    for key, version in list(server.store.objects.items()):
        waits = set(version.item["metadata"].get("finalizers", ())) & {FOREGROUND, ORPHAN}
        if waits and key in server.store.objects:
            _let_go(server, key, version.item, orphan=ORPHAN in waits)
    for key, version in list(server.store.objects.items()):
        owners = {one["uid"] for one in version.item["metadata"].get("ownerReferences", ())}
        if owners and not owners & {one.item["metadata"]["uid"] for one in server.store.objects.values()}:
            server.settle(key, version.item["metadata"].get("finalizers", ()), deleting=True)


def _let_go(server: SimServer, key: Key, item: Object, *, orphan: bool) -> None:
    for below in dependents(server, item["metadata"]["uid"]):
        if orphan:
            _orphan(server, below)
        else:
            finalizers = server.store.objects[below].item["metadata"].get("finalizers", ())
            server.settle(below, finalizers, deleting=True)
    if orphan or not dependents(server, item["metadata"]["uid"]):
        left = [one for one in item["metadata"]["finalizers"] if one not in (FOREGROUND, ORPHAN)]
        server.settle(key, left)


def dependents(server: SimServer, uid: str) -> list[Key]:
    """The objects that an object owns."""
    return [
        key
        for key, version in server.store.objects.items()
        if any(one["uid"] == uid for one in version.item["metadata"].get("ownerReferences", ()))
    ]


def _orphan(server: SimServer, key: Key) -> None:
    item = server.store.objects[key].item
    metadata = {name: value for name, value in item["metadata"].items() if name != "ownerReferences"}
    server.store.put({**item, "metadata": metadata})
