"""A Kubernetes API server over a dict, in virtual time: what each request does, without faults or a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from datetime import datetime

from reconciler.kube.kinds import DEPLOYMENT, Kind, Object
from tests.sim.kubernetes import ownership, selectors, status
from tests.sim.kubernetes.admission import Admission
from tests.sim.kubernetes.fields import Value
from tests.sim.kubernetes.json_patch import FailedError, patched
from tests.sim.kubernetes.ownership import Managed, Owner
from tests.sim.kubernetes.store import Event, Key, Store, Version

#: Finalizers that a deletion puts on for the garbage collector.
FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"
_PROPAGATION = {"Foreground": [FOREGROUND], "Orphan": [ORPHAN], "Background": []}
#: Kinds whose objects have no generation.
_UNCOUNTED = frozenset({"ConfigMap", "Service", "PersistentVolumeClaim", "Event", "ServiceAccount"})
#: Kinds that an update may make; the others have to be there.
_MADE_BY_UPDATE = frozenset({"Service"})
#: Fields that Go's types leave out when they are empty.
_OMITTED = frozenset(
    {
        *("data", "labels", "annotations", "finalizers", "ownerReferences", "env", "args", "command", "limits"),
        *("requests", "nodeSelector", "volumes", "volumeMounts", "ports", "ingress", "matchLabels", "tolerations"),
    }
)
_CUSTOM = "."


class SimServer:
    """`kinds` names what it knows. All methods raise StatusError; `clock` gives the virtual time.

    Objects that come in are not kept, and what goes out belongs to the caller.
    """

    def __init__(self, kinds: set[str], namespaces: set[str], clock: Callable[[], datetime]) -> None:
        self.store = Store()
        self.kinds = kinds
        self.admission = Admission(self.store, namespaces)
        self._clock = clock
        self._made = 0

    def find(self, kind: Kind, namespace: str, selector: str = "", fields: str = "", lag: int = 0) -> list[Object]:
        """All objects that match, as they were `lag` versions ago."""
        self._know(kind)
        store = self.store
        found = store.at(store.version - lag, kind.name, namespace) if lag else store.of(kind.name, namespace)
        matches, holds = selectors.labels(selector), selectors.fields(fields)
        items = [version.copy() for version in found if matches(version.labels) and (not fields or holds(version.item))]
        return [_listed(item) for item in items]

    def get(self, kind: Kind, namespace: str, name: str) -> Object:
        self._know(kind)
        return self._found((kind.name, namespace, name)).copy()

    def events(self, kind: Kind, namespace: str, selector: str, version: int) -> list[tuple[str, Object]]:
        """What a watch from a version gives until now."""
        self._know(kind)
        try:
            events = self.store.since(version, kind.name, namespace)
        except KeyError as error:
            raise status.expired(version) from error
        matches = selectors.labels(selector)
        return [found for event in events if (found := _event(event, matches))]

    def apply(self, item: Object, manager: str, *, dry_run: bool = False) -> Object:
        """Server-side apply with force."""
        key = self._key(item)
        live = self.store.get(key)
        if live is not None or item["metadata"].get("uid"):  # a version alone does not say that anything must be there
            self._check(key, item["metadata"], live)
        made, managed = ownership.applied(live and live.item, _declared(item), manager, self._time())
        return self._commit(live, made, managed, dry_run=dry_run)

    def create(self, item: Object, manager: str, *, dry_run: bool = False) -> Object:
        key = self._key(item)
        if key in self.store.objects:
            raise status.exists(_what(key))
        made = _declared(item)
        managed = ownership.updated({}, made, Managed({}, {}), Owner(manager, "Update"), self._time())
        return self._commit(None, made, managed, dry_run=dry_run)

    def replace(self, item: Object, manager: str, subresource: str = "") -> Object:
        """A new version in the place of the one that `metadata.resourceVersion` names ("": of whichever)."""
        key = self._key(item)
        live = self.store.get(key) if item["kind"] in _MADE_BY_UPDATE else self._found(key)
        self._check(key, item["metadata"], live)
        return self._update(live or self._found(key), item, Owner(manager, "Update", subresource))

    def patch(self, kind: Kind, namespace: str, name: str, operations: Sequence[Object], manager: str) -> Object:
        """A JSON patch."""
        self._know(kind)
        live = self._found((kind.name, namespace, name))
        try:
            item = patched(live.item, operations)
        except FailedError as error:
            what = _what((kind.name, namespace, name))
            raise status.StatusError(422, "Invalid", f"the server rejected our request: {what}: {error}") from error
        self._check((kind.name, namespace, name), item["metadata"], live)
        return self._update(live, item, Owner(manager, "Update"))

    def delete(self, kind: Kind, namespace: str, name: str, uid: str = "", propagation: str = "Background") -> None:
        """Delete an object, or begin to where something waits for its end."""
        self._know(kind)
        key = (kind.name, namespace, name)
        live = self._found(key)
        metadata = live.item["metadata"]
        if uid and metadata["uid"] != uid:
            raise status.conflict(_what(key), f"Precondition failed: UID in precondition: {uid}, {metadata['uid']}")
        self.admission.admit_delete(kind.name)
        own = [one for one in metadata.get("finalizers", []) if one not in (FOREGROUND, ORPHAN)]
        self.settle(key, [*own, *_PROPAGATION[propagation]], deleting=True)

    def settle(self, key: Key, finalizers: Sequence[str], *, deleting: bool = False) -> None:
        """An object with these finalizers from now on; it goes when it is being deleted and has none."""
        live = self._found(key)
        metadata = {name: value for name, value in live.item["metadata"].items() if name != "finalizers"}
        if deleting and "deletionTimestamp" not in metadata:
            metadata |= {"deletionTimestamp": self._time(), "deletionGracePeriodSeconds": 0}
            if "generation" in metadata:
                metadata["generation"] += 1
        if finalizers:
            metadata["finalizers"] = list(finalizers)
        item = {**live.item, "metadata": metadata}
        if not finalizers and "deletionTimestamp" in metadata:
            self.store.remove(key)
        elif item != live.item:
            self.store.put(item)

    def _update(self, live: Version, item: Object, owner: Owner) -> Object:
        """What is not for this subresource stays as it is."""
        item = {**item, "metadata": {**_identity(live.item), **_changeable(item["metadata"])}}
        other = {"status"} if not owner.subresource else item.keys() - {"status", "metadata"}
        item = {key: value for key, value in item.items() if key not in other}
        item |= {key: live.item[key] for key in other if key in live.item}
        managed = ownership.read(item)
        if item["metadata"].get("managedFields", [{}]) in ([], [{}]) and "managedFields" in item["metadata"]:
            managed = Managed({}, {})
        elif not managed.sets:
            managed = ownership.read(live.item)
        before, after = ownership.bare(live.item), ownership.bare(item)
        if managed.sets:
            managed = ownership.updated(before, after, managed, owner, self._time())
        return self._commit(live, after, managed)

    def _commit(self, live: Version | None, made: Object, managed: Managed, *, dry_run: bool = False) -> Object:
        """Admit a version and keep it, unless it is what is there already."""
        before = live.item if live else None
        made = {**made, "metadata": {**made["metadata"], **(_identity(before) if before else self._born(made))}}
        made = self.admission.admit(before, _tidy(made))
        made = ownership.write(_counted(before, made), managed)
        if before is not None and _same(before, made):
            made = before
        elif not dry_run and "deletionTimestamp" in made["metadata"] and not made["metadata"].get("finalizers"):
            self.store.remove(self._key(made))
        elif not dry_run:
            made = self.store.put(made).item
        return deepcopy(made)

    def _born(self, item: Object) -> Object:
        self._made += 1
        born: Object = {"uid": f"00000000-0000-0000-0000-{self._made:012d}", "creationTimestamp": self._time()}
        return born if item["kind"] in _UNCOUNTED else {**born, "generation": 1}

    def _check(self, key: Key, metadata: Object, live: Version | None) -> None:
        """Raises StatusError unless the object is the one that is meant."""
        uid, version = metadata.get("uid"), metadata.get("resourceVersion")
        if live is None and (uid or version):
            raise status.conflict(_what(key), f"no existing object was found with uid {uid} and version {version}")
        if version and live and version != live.item["metadata"]["resourceVersion"]:
            raise status.conflict(_what(key), "the object has been modified; please apply your changes to the latest")
        if uid and live and uid != live.item["metadata"]["uid"]:
            raise status.invalid(_what(key), "metadata.uid", f"Invalid value: {uid}: field is immutable")

    def _key(self, item: Object) -> Key:
        if item["kind"] not in self.kinds:
            raise status.unknown_kind()
        return item["kind"], item["metadata"]["namespace"], item["metadata"]["name"]

    def _know(self, kind: Kind) -> None:
        if kind.name not in self.kinds:
            raise status.unknown_kind()

    def _found(self, key: Key) -> Version:
        found = self.store.get(key)
        if found is None:
            raise status.absent(f"{key[0].lower()}s", key[2])
        return found

    def _time(self) -> str:
        return self._clock().strftime("%Y-%m-%dT%H:%M:%SZ")


def _what(key: Key) -> str:
    return f'{key[0].lower()}s "{key[2]}"'


def _listed(item: Object) -> Object:
    """In a list, objects of built-in kinds do not say what they are."""
    if _CUSTOM not in item["apiVersion"].partition("/")[0] or item["apiVersion"].partition("/")[0].endswith(".k8s.io"):
        del item["apiVersion"], item["kind"]
    return item


def _event(event: Event, matches: Callable[[dict[str, str]], bool]) -> tuple[str, Object] | None:
    """A change as a watch with a selector tells it: what leaves the selection is as good as deleted."""
    was = event.before is not None and matches(event.before.labels)
    now = event.after is not None and matches(event.after.labels)
    if now:
        return ("MODIFIED" if was else "ADDED"), event.last.copy()
    if not was or event.before is None:
        return None
    item = event.before.copy()
    item["metadata"]["resourceVersion"] = str(event.version)
    return "DELETED", item


def _declared(item: Object) -> Object:
    """What of an applied object is kept: the server itself says the rest."""
    metadata = {key: value for key, value in item["metadata"].items() if key not in ("uid", "resourceVersion")}
    return {key: value for key, value in {**item, "metadata": metadata}.items() if key != "status"}


def _identity(item: Object) -> Object:
    """What no update changes."""
    fixed = ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds")
    metadata = item["metadata"]
    return {key: metadata[key] for key in ("name", "namespace", "resourceVersion", *fixed) if key in metadata}


def _changeable(metadata: Object) -> Object:
    return {
        key: value
        for key, value in metadata.items()
        if key in ("labels", "annotations", "finalizers", "ownerReferences", "managedFields")
    }


def _counted(before: Object | None, item: Object) -> Object:
    """With the next generation when what is wanted is another one (Deployments: or their annotations)."""
    if before is None or "generation" not in before["metadata"]:
        return item
    same = before.get("spec") == item.get("spec")
    if item["kind"] == DEPLOYMENT.name:
        same = same and before["metadata"].get("annotations") == item["metadata"].get("annotations")
    generation = before["metadata"]["generation"] + (not same)
    return {**item, "metadata": {**item["metadata"], "generation": generation}}


def _tidy(value: Value) -> Value:
    """Without what the server's own types leave out."""
    if isinstance(value, list):
        return [_tidy(one) for one in value] if value and isinstance(value[0], dict) else value
    if not isinstance(value, dict):
        return value
    return {key: _tidy(one) for key, one in value.items() if one or not (one in ({}, []) and key in _OMITTED)}


def _same(before: Object, after: Object) -> bool:
    """Whether nothing but the times of managedFields differs."""
    if ownership.bare(before) != ownership.bare(after):
        return False
    return ownership.read(before).sets == ownership.read(after).sets
