"""Whose fields are whose: taken over from `kubectl apply`, and handed over when they become ignored.

Server-side apply removes a field that has left the declaration if nobody else owns it, and resets one to its default.
Both depend on who is recorded as its owner, so the records are put right where we know better:

- What `kubectl apply` (client-side) once set is declared in Git now. It is recorded as an update, which owns fields for
  ever; it becomes part of what we applied, as client-go's `csaupgrade` does, so that it can leave.
- A field that becomes ignored keeps its value: before we apply without it, another manager applies it as it is, as
  https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership describes. When it is no
  longer ignored, that manager lets go of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import cast

from reconciler.kube import marks
from reconciler.kube.door.api import Api
from reconciler.kube.door.failures import ClashError
from reconciler.kube.drift import fields, schema
from reconciler.kube.drift.fields import Fields
from reconciler.kube.drift.managers import IGNORED, Entry, applied_by, entries
from reconciler.kube.kinds import CLAIM, Kind, Object, full_name
from reconciler.kube.look.seen import Seen
from reconciler.kube.render import pointers

#: What `kubectl apply` keeps of what it last applied.
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
#: Who `kubectl apply` is in the records; the last one stands for whoever set a field before anything was recorded.
_KUBECTL_APPLY = frozenset({"kubectl-client-side-apply", "kubectl", "before-first-apply"})
_ATTEMPTS = 4


class Ownership:
    """Keeps the records of our objects' fields right, around each apply; to be shared by threads.

    Nothing is sent when there is nothing to put right; whether there is, has to be asked only for fields that are
    ignored (one GET).
    """

    def __init__(self, api: Api) -> None:
        self._api = api

    def before(self, item: Object, seen: Seen | None, ignore: Sequence[str]) -> Object:
        """To be called before `item` is applied; returns what is to be applied.

        `seen` is what is known of the object, and `ignore` are pointers to what others own. Where that is a part of
        what the API server merges as one value, it is applied as it is, because otherwise it would be taken away.
        Raises TargetError.
        """
        ignored = [pointer for pointer in ignore if schema.has(item, pointer)]
        if seen is None or not (ignored or _KUBECTL_APPLY.intersection(seen.managers)):
            return item
        live = self._api.get(self._kind(item), seen.namespace, seen.name)
        if live is None or live["metadata"]["uid"] != seen.uid:
            return item
        self._hand_over(self._take_over(live), ignored)
        return with_ignored(item, live, ignored)

    def after(self, item: Object, answer: Object, ignore: Sequence[str]) -> None:
        """To be called with what came back when `item` was applied. Raises TargetError."""
        if made_by_kubectl_apply(answer):
            self._take_over(answer)
            metadata = {key: value for key, value in item["metadata"].items() if key != "resourceVersion"}
            answer = self._api.apply({**item, "metadata": {**metadata, "uid": answer["metadata"]["uid"]}})
        held = fields.fields_of(applied_by(answer, IGNORED))
        if held and _read(held, answer) != _read(kept := fields.only(held, ignore), answer):
            self._keep(answer, kept)

    def _take_over(self, live: Object) -> Object:
        """The object without records of `kubectl apply`. Raises ClashError when it changes again and again."""
        for _ in range(_ATTEMPTS):
            if not made_by_kubectl_apply(live):
                return live
            try:
                return self._put_right(live)
            except ClashError as error:
                # Controllers write their status right after an apply.
                live, clash = self._again(live), error
        raise clash

    def _put_right(self, live: Object) -> Object:
        metadata = live["metadata"]
        operations: list[Object] = [
            {"op": "replace", "path": "/metadata/managedFields", "value": taken_over(live)},
            # Not a test: a version that has changed is then a conflict, and not an invalid request.
            {"op": "replace", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
        ]
        if LAST_APPLIED in metadata.get("annotations", {}):
            operations.append({"op": "remove", "path": f"/metadata/annotations/{LAST_APPLIED.replace('/', '~1')}"})
        return self._api.patch(self._kind(live), metadata["namespace"], metadata["name"], operations)

    def _again(self, live: Object) -> Object:
        metadata = live["metadata"]
        newer = self._api.get(self._kind(live), metadata["namespace"], metadata["name"])
        if newer is None or newer["metadata"]["uid"] != metadata["uid"]:
            raise ClashError(f"{live['kind']} {metadata['namespace']}/{metadata['name']} was removed meanwhile")
        return newer

    def _kind(self, item: Object) -> Kind:
        return self._api.kind(full_name(item))

    def _hand_over(self, live: Object, ignored: Sequence[str]) -> None:
        mine, held = (fields.fields_of(applied_by(live, manager)) for manager in (marks.MANAGER, IGNORED))
        if fields.only(mine, ignored):
            self._keep(live, fields.only(fields.union(mine, held), ignored))

    def _keep(self, live: Object, kept: Fields) -> None:
        """From now on the other manager has applied these fields, as they are, and no others."""
        names = {key: live["metadata"][key] for key in ("name", "namespace", "uid")}
        part = _read(kept, live)
        metadata = {**part.get("metadata", {}), **names}
        head = {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": metadata}
        self._api.apply({**part, **head}, manager=IGNORED)


def with_ignored(item: Object, live: Object, ignored: Sequence[str]) -> Object:
    """An object as it is applied, with what is ignored of a value that can only be applied as a whole."""
    for pointer in ignored:
        if schema.is_part(item, pointer):
            item = cast("Object", pointers.within(item, live, pointer))
    return item


def made_by_kubectl_apply(live: Object) -> bool:
    """Whether something on an object is recorded as set by `kubectl apply` (client-side)."""
    return any(_client_side(entry, live) for entry in entries(live))


def taken_over(live: Object) -> list[Entry]:
    """The records of an object with what `kubectl apply` set as a part of what we applied.

    Where the object says what was applied, it is just that. Otherwise, what was set before anything was recorded stays
    with nobody: most of it was never declared. So does what was set on a claim, which cannot be changed any more.
    """
    theirs = [entry for entry in entries(live) if _client_side(entry, live)]
    mine = applied_by(live, marks.MANAGER)
    others = [entry for entry in entries(live) if entry is not mine and entry not in theirs]
    ours: Entry = mine or {**theirs[0], "manager": marks.MANAGER, "operation": "Apply", "fieldsV1": {}}
    taken = fields.fields_of(ours)
    for entry in theirs:
        if entry.get("apiVersion") == ours.get("apiVersion"):
            taken = fields.union(taken, _declared(entry, live))
    return [*others, {**ours, "fieldsV1": taken}] if taken else others


def _client_side(entry: Entry, live: Object) -> bool:
    """`kubectl` alone is also who scales and the like: only with the annotation did it apply."""
    name, update = entry.get("manager"), entry.get("operation") == "Update" and not entry.get("subresource")
    return update and name in _KUBECTL_APPLY and (name != "kubectl" or _last_applied(live) is not None)


def _declared(entry: Entry, live: Object) -> Fields:
    if live["kind"] == CLAIM.name:
        return {}
    applied = _last_applied(live)
    if applied is not None:
        return fields.within(fields.fields_of(entry), applied)
    return {} if entry.get("manager") == "before-first-apply" else fields.fields_of(entry)


def _last_applied(live: Object) -> Mapping[str, object] | None:
    text = live["metadata"].get("annotations", {}).get(LAST_APPLIED)
    try:
        value = json.loads(text) if text else None
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _read(part: Fields, live: Object) -> Object:
    return cast("Object", fields.read(part, live)) if part else {}
