"""What people and other controllers do to objects on the cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reconciler.kube import marks
from reconciler.kube.kinds import CLAIM, CONFIG_MAP, DEPLOYMENT, SERVICE, STATEFUL_SET, Kind, Object
from tests.sim.kubernetes.server import SimServer
from tests.sim.kubernetes.status import StatusError
from tests.sim.kubernetes.store import Key, Version
from tests.sim.kubernetes.truth import Truth

KINDS: dict[str, Kind] = {kind.name: kind for kind in (CONFIG_MAP, SERVICE, DEPLOYMENT, STATEFUL_SET, CLAIM)}
_FINALIZER = "example.com/guard"
_WHO = "kubectl-edit"
OWNER, NAMESPACE = "factory", "ai"


class Hands:
    """Things that are done by hand. A touch that the server refuses comes to nothing."""

    def __init__(self, server: SimServer, truth: Truth) -> None:
        self._server = server
        self._truth = truth

    def touch(self, index: int, what: str, value: str) -> str:
        """Do something to one of our objects; says to which."""
        mine = [(key, version) for key, version in self._truth.ours() if key[0] != CLAIM.name]
        if not mine:
            return "nothing"
        key, version = mine[index % len(mine)]
        try:
            self._touch(key, version, what, value)
        except StatusError as error:
            return f"{key}: {error}"
        return f"{what} {key[0]} {key[2]}"

    def _touch(self, key: Key, version: Version, what: str, value: str) -> None:
        item = version.copy()
        if what == "delete":
            self._server.delete(_kind(item), key[1], key[2])
        elif what == "copy":
            self._copy(item, f"{key[2]}-copy{value}")
        else:
            _EDITS[what](item, value)
            made = self._server.store.put(item).item if what == "age" else self._server.replace(item, _WHO)
            if not is_marked(made):
                self._truth.stranger(made)

    def _copy(self, item: Object, name: str) -> None:
        """kubectl get -o yaml, another name, kubectl create."""
        labels, annotations = item["metadata"].get("labels", {}), item["metadata"].get("annotations", {})
        metadata = {"name": name, "namespace": item["metadata"]["namespace"], "labels": labels}
        item["metadata"] = {**metadata, "annotations": annotations}
        item.pop("status", None)
        made = self._server.create(item, _WHO)
        if is_marked(made):  # nothing tells it from one of ours
            self._truth.made(made)
            self._truth.copies.add(made["metadata"]["uid"])
        else:
            self._truth.stranger(made)

    def stranger(self, kind: Kind, namespace: str, name: str) -> str:
        """Somebody makes an object with a name that a service wants, or may want one day."""
        spec: Object = {"ports": [{"port": 1}]} if kind is SERVICE else {"selector": {}, "template": {"spec": {}}}
        body = {"data": {"theirs": "yes"}} if kind is CONFIG_MAP else {"spec": {"replicas": 0, **spec}}
        metadata = {"name": name, "namespace": namespace, "labels": {"by": "somebody"}}
        try:
            made = self._server.create(
                {"apiVersion": kind.api_version, "kind": kind.name, "metadata": metadata, **body}, _WHO
            )
        except StatusError as error:
            return str(error)
        self._truth.stranger(made)
        return f"{kind.name} {name}"

    def detach(self, names: Sequence[str]) -> None:
        """StatefulSets that cannot be changed are deleted without their pods, as the daemon's error says."""
        for name in names:
            if (STATEFUL_SET.name, NAMESPACE, name) in self._server.store.objects:
                self._server.delete(STATEFUL_SET, NAMESPACE, name, propagation="Orphan")

    def release(self) -> None:
        """No finalizer of ours holds anything any more."""
        for key, version in list(self._server.store.objects.items()):
            finalizers = version.item["metadata"].get("finalizers", [])
            if _FINALIZER in finalizers and key in self._server.store.objects:
                self._server.settle(key, [one for one in finalizers if one != _FINALIZER])

    def restore(self, declared: Sequence[tuple[str, str]]) -> None:
        """The label by which objects are found is put back where a daemon has no reason to look for what lost it.

        With it go those that a service had and has not any more, and those of which nothing else can be seen.
        `declared` are kinds and names.
        """
        ours = [(key, version, self._truth.service_of(version.item)) for key, version in self._truth.ours()]
        followed = {service for key, one, service in ours if marks.OWNER in one.labels and key[0] != CLAIM.name}
        running = {name for name, spec in self._truth.wanted.items() if not spec.suspend}
        for key, version, service in ours:
            found = (key[0], key[2]) in declared if service in running else service in followed
            if marks.OWNER not in version.labels and not found:
                item = version.copy()
                item["metadata"]["labels"] = {**version.labels, marks.OWNER: OWNER}
                self._server.replace(item, _WHO)

    def clear(self, names: Sequence[tuple[str, str]]) -> None:
        """What strangers have under these names (kind and name) is removed by them."""
        for uid, (key, _) in list(self._truth.strangers.items()):
            if (key[0], key[2]) in names:
                del self._truth.strangers[uid]
                if key in self._server.store.objects:
                    self._server.settle(key, [], deleting=True)


def is_marked(item: Object) -> bool:
    """Whether anybody could tell that an object is ours: by its id, or by all of its labels when it has none."""
    metadata = item["metadata"]
    labels, known = metadata.get("labels", {}), metadata.get("annotations", {}).get(marks.ID)
    if known is not None:
        return bool(known.endswith(f"/{item['kind']}/{metadata['namespace']}/{metadata['name']}"))
    return all(key in labels for key in (marks.OWNER, marks.SERVICE, marks.MANAGED_BY))


def _edit(item: Object, value: str) -> None:
    """A declared field is changed or taken away."""
    spec = item.get("spec", {})
    if item["kind"] == CONFIG_MAP.name:
        item["data"] = {**item.get("data", {}), "version": f"by hand {value}"}
    elif item["kind"] == SERVICE.name and spec.get("ports"):
        spec["ports"][0]["targetPort"] = 9000 + int(value)
    elif item["kind"] not in (DEPLOYMENT.name, STATEFUL_SET.name):
        item["metadata"].setdefault("labels", {})["app.kubernetes.io/name"] = f"hand{value}"
    elif int(value) % 2:
        spec["template"]["spec"]["containers"][0]["image"] = f"example.org/by-hand:{value}"
    else:
        spec["template"]["spec"]["containers"][0].pop("ports", None)


def _scale(item: Object, value: str) -> None:
    if "replicas" in item.get("spec", {}):
        item["spec"]["replicas"] = int(value) + 1


def _take_label(item: Object, value: str) -> None:
    label = (marks.OWNER, marks.SERVICE, marks.MANAGED_BY)[int(value) % 3]
    item["metadata"].get("labels", {}).pop(label, None)


def _take_id(item: Object, value: str) -> None:
    del value
    item["metadata"].get("annotations", {}).pop(marks.ID, None)


def _change_digest(item: Object, value: str) -> None:
    item["metadata"].setdefault("annotations", {})[marks.DIGEST] = f"edited{value}"


def _forget_owners(item: Object, value: str) -> None:
    del value
    item["metadata"]["managedFields"] = [{}]


def _hold(item: Object, value: str) -> None:
    del value
    item["metadata"]["finalizers"] = [*item["metadata"].get("finalizers", []), _FINALIZER]


def _strip(item: Object, value: str) -> None:
    del value
    item["metadata"] |= {"labels": {}, "annotations": {}}


def _age(item: Object, value: str) -> None:
    """As an earlier version had made it: with fields that cannot be changed on a living object."""
    spec = item.get("spec", {})
    if item["kind"] not in (DEPLOYMENT.name, STATEFUL_SET.name):
        return
    item["metadata"].setdefault("annotations", {})[marks.DIGEST] = f"older{value}"
    if item["kind"] == STATEFUL_SET.name and int(value) % 2:
        spec["serviceName"] = f"older-{value}"
        return
    older = {**spec["selector"]["matchLabels"], "older": value}
    spec["selector"] = {"matchLabels": older}
    labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
    labels["older"] = value


_EDITS: dict[str, Callable[[Object, str], None]] = {
    "edit": _edit,
    "scale": _scale,
    "labels": _take_label,
    "id": _take_id,
    "digest": _change_digest,
    "managed": _forget_owners,
    "finalizer": _hold,
    "strip": _strip,
    "age": _age,
}
#: What can be done to one of our objects.
TOUCHES = ("delete", "copy", *_EDITS)


def _kind(item: Object) -> Kind:
    return KINDS.get(item["kind"]) or Kind(item["kind"], item["apiVersion"], f"{item['kind'].lower()}s")
