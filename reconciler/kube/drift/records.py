"""PURE. The records of who set which fields of an object, put right where we know better than the API server."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import reduce

from reconciler.kube import marks
from reconciler.kube.drift import fields
from reconciler.kube.drift.fields import Fields
from reconciler.kube.drift.managers import Entry, applied_by, entries
from reconciler.kube.kinds import CLAIM, Object

#: What `kubectl apply` keeps of what it last applied.
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
#: Who `kubectl apply` is in the records; the last one stands for whoever set a field before anything was recorded.
KUBECTL_APPLY = frozenset({"kubectl-client-side-apply", "kubectl", "before-first-apply"})


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
    known = [_declared(entry, live) for entry in theirs if entry.get("apiVersion") == ours.get("apiVersion")]
    taken = reduce(fields.union, known, fields.fields_of(ours))
    return [*others, {**ours, "fieldsV1": taken}] if taken else others


def reclaimed(live: Object, lists: Iterable[str]) -> list[Entry]:
    """The records with what was set by hand in some lists as a part of what we applied; none when nothing was."""
    mine, hands = applied_by(live, marks.MANAGER), [entry for entry in entries(live) if _by_hand(entry)]
    parts = [fields.only(fields.fields_of(entry), lists) for entry in hands]
    if not mine or not any(parts):
        return []
    rest = [fields.minus(fields.fields_of(entry), part) for entry, part in zip(hands, parts, strict=True)]
    theirs: list[Entry] = [{**entry, "fieldsV1": left} for entry, left in zip(hands, rest, strict=True) if left]
    others = [entry for entry in entries(live) if entry is not mine and entry not in hands]
    taken = reduce(fields.union, parts, fields.fields_of(mine))
    return [*others, *theirs, {**mine, "fieldsV1": taken}]


def _by_hand(entry: Entry) -> bool:
    """By an update, whoever made it; who applies says what is his."""
    return entry.get("operation") == "Update" and not entry.get("subresource")


def _client_side(entry: Entry, live: Object) -> bool:
    """`kubectl` alone is also who scales and the like: only with the annotation did it apply."""
    name = entry.get("manager")
    return _by_hand(entry) and name in KUBECTL_APPLY and (name != "kubectl" or _last_applied(live) is not None)


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
