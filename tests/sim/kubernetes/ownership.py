"""PURE. Who owns which field: `metadata.managedFields` across applies and updates.

The rules are those of structured-merge-diff (merge/update.go) and of k8s.io/apimachinery (pkg/util/managedfields).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Literal, NamedTuple

from reconciler.kube.kinds import Object
from tests.sim.kubernetes import fields
from tests.sim.kubernetes.fields import Path

_NEVER = frozenset(
    ("f:metadata", f"f:{name}")
    for name in ("name", "namespace", "creationTimestamp", "uid", "generation", "managedFields", "resourceVersion")
) | {("f:apiVersion",), ("f:kind",), ("f:metadata",)}
_BEFORE = "before-first-apply"


class Owner(NamedTuple):
    """One entry of managedFields."""

    manager: str
    operation: Literal["Apply", "Update"]
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class Managed:
    """All entries of an object: what each owns, and when it last wrote."""

    sets: Mapping[Owner, frozenset[Path]]
    times: Mapping[Owner, str]


def read(item: Object) -> Managed:
    """The entries of an object."""
    sets, times = {}, {}
    for entry in item.get("metadata", {}).get("managedFields") or []:
        owner = Owner(entry.get("manager", ""), entry.get("operation", "Update"), entry.get("subresource", ""))
        sets[owner] = frozenset(fields.read(entry.get("fieldsV1", {})))
        times[owner] = entry.get("time", "")
    return Managed(sets, times)


def write(item: Object, managed: Managed) -> Object:
    """The object with these entries."""
    entries = [_entry(item["apiVersion"], owner, managed) for owner in sorted(managed.sets, key=lambda one: one[1:])]
    metadata = {key: value for key, value in item["metadata"].items() if key != "managedFields"}
    return {**item, "metadata": {**metadata, **({"managedFields": entries} if entries else {})}}


def _entry(version: str, owner: Owner, managed: Managed) -> Object:
    entry: Object = {
        "manager": owner.manager,
        "operation": owner.operation,
        "apiVersion": version,
        "time": managed.times[owner],
        "fieldsType": "FieldsV1",
        "fieldsV1": fields.written(managed.sets[owner]),
    }
    return entry | ({"subresource": owner.subresource} if owner.subresource else {})


def bare(item: Object) -> Object:
    """An object without its managedFields."""
    if "managedFields" not in item.get("metadata", {}):
        return item
    metadata = {key: value for key, value in item["metadata"].items() if key != "managedFields"}
    return {**item, "metadata": metadata}


def applied(live: Object | None, item: Object, manager: str, now: str) -> tuple[Object, Managed]:
    """What an apply with force makes of `live` (None: there is nothing), and who owns what then."""
    before = bare(live) if live else {}
    managed = read(live) if live else Managed({}, {})
    if live and not managed.sets:
        managed = updated({}, before, managed, Owner(_BEFORE, "Update"), now)
    owner = Owner(manager, "Apply")
    last, declared = managed.sets.get(owner, frozenset()), fields.owned(item)
    sets = {**managed.sets, owner: declared}
    made = _pruned(fields.merged(before, item), last, sets)
    changed, removed = fields.differences(before, made)
    lost = changed | removed
    kept = {one: paths if one == owner else paths - lost for one, paths in sets.items()}
    kept[owner] = declared - _NEVER
    times = {**managed.times, owner: now}
    return made, Managed({one: paths for one, paths in kept.items() if paths}, times)


def updated(before: Object, after: Object, managed: Managed, owner: Owner, now: str) -> Managed:
    """Who owns what after an update from `before` to `after` (both without managedFields)."""
    changed, removed = fields.differences(before, after)
    sets = {one: paths - changed - removed for one, paths in managed.sets.items()}
    taken = changed - _NEVER
    times = dict(managed.times)
    if taken:
        sets[owner] = sets.get(owner, frozenset()) | taken
        times[owner] = now
    return Managed({one: paths for one, paths in sets.items() if paths}, times)


def _pruned(merged: Object, last: frozenset[Path], sets: Mapping[Owner, frozenset[Path]]) -> Object:
    """Without what the manager applied last time and does not apply now, unless somebody else owns it."""
    owned: frozenset[Path] = reduce(frozenset.union, sets.values(), frozenset())
    if last <= owned:
        return merged
    everything, before, kept = (fields.with_parents(paths) for paths in (fields.owned(merged), last, owned))
    pruned = fields.without(merged, before)
    pruned = fields.without(merged, everything - fields.with_parents(fields.owned(pruned)) - kept)
    left = fields.with_parents(fields.owned(pruned))
    result: Object = fields.without(merged, (everything - left) & before)
    return result
