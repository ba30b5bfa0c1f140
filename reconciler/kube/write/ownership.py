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

from collections.abc import Sequence
from typing import cast

from reconciler.kube import marks
from reconciler.kube.door.api import Api
from reconciler.kube.door.failures import ClashError
from reconciler.kube.drift import fields, schema
from reconciler.kube.drift.compare import torn_lists
from reconciler.kube.drift.fields import Fields
from reconciler.kube.drift.managers import IGNORED, Entry, applied_by
from reconciler.kube.drift.records import KUBECTL_APPLY, LAST_APPLIED, made_by_kubectl_apply, reclaimed, taken_over
from reconciler.kube.kinds import Kind, Object, full_name
from reconciler.kube.look.seen import Seen
from reconciler.kube.render import pointers

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
        if seen is None or not (ignored or KUBECTL_APPLY.intersection(seen.managers)):
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

    def reclaim(self, item: Object) -> bool:
        """To be called when an apply was refused; whether it should be tried again.

        Somebody may have changed the key of an element by hand, such as the port of a Service: then ours is gone, and
        theirs, with the same name, is in its way. What was set by hand in such a list becomes ours, so that it goes.
        Raises TargetError.
        """
        metadata = item["metadata"]
        live = self._api.get(self._kind(item), metadata["namespace"], metadata["name"])
        if live is None or live["metadata"]["uid"] != metadata.get("uid"):
            return False
        records = reclaimed(live, torn_lists(item, live))
        if records:
            self._patch(live, records)
        return bool(records)

    def _take_over(self, live: Object) -> Object:
        """The object without records of `kubectl apply`. Raises ClashError when it changes again and again."""
        for _ in range(_ATTEMPTS):
            if not made_by_kubectl_apply(live):
                return live
            try:
                return self._patch(live, taken_over(live))
            except ClashError as error:
                # Controllers write their status right after an apply.
                live, clash = self._again(live), error
        raise clash

    def _patch(self, live: Object, records: Sequence[Entry]) -> Object:
        """Write the records, and take away what `kubectl apply` would do with what it last applied."""
        metadata = live["metadata"]
        operations: list[Object] = [
            {"op": "replace", "path": "/metadata/managedFields", "value": records},
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


def _read(part: Fields, live: Object) -> Object:
    return cast("Object", fields.read(part, live)) if part else {}
