"""PURE. Who set a field last, by the record that the API server keeps of it (`metadata.managedFields`).

A record has the fields of a manager as a tree (fieldsV1): `f:name` is a field, `k:{"name":"main"}` an element of a list
by its keys, `v:"x"` an element of a set, `i:0` one by its position, and `.` says that the thing itself is owned and not
only what is in it.
https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from reconciler.kube import marks
from reconciler.kube.kinds import Object
from reconciler.kube.render.pointers import Step, parse

#: The manager that keeps the live values of fields that are ignored; nobody else applies under its name.
IGNORED = "reconciler-ignored"

Tree = Mapping[str, object]


def last_manager(live: Object, pointer: str) -> str:
    """The newest other manager that owns what a pointer names, or else the nearest thing above it.

    "" when the object does not say (the record was removed, or nobody but us owns anything there). Never raises.
    """
    owned = [(_depth(entry.get("fieldsV1"), parse(pointer)), _text(entry, "time"), entry) for entry in entries(live)]
    others = [(depth, time, _text(entry, "manager")) for depth, time, entry in owned if depth and not ours(entry)]
    return max(others, default=(0, "", ""))[2]


def entries(live: Object) -> list[Mapping[str, object]]:
    """The records of an object; none when they were removed."""
    metadata = live.get("metadata")
    found = metadata.get("managedFields") if isinstance(metadata, Mapping) else None
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []


def ours(entry: Mapping[str, object]) -> bool:
    """Whether a record is of our own writes."""
    return entry.get("manager") in (marks.MANAGER, IGNORED)


def owns(entry: Mapping[str, object], pointer: str) -> bool:
    """Whether a record has what a pointer names, or something in it."""
    steps = parse(pointer)
    return _depth(entry.get("fieldsV1"), steps) == len(steps)


def _depth(tree: object, steps: Sequence[Step]) -> int:
    """How many steps lead to the deepest thing that is owned; the last one counts also when only parts of it are."""
    deepest = 0
    for depth, step in enumerate(steps, 1):
        tree = _child(tree, step) if isinstance(tree, Mapping) else None
        if not isinstance(tree, Mapping):
            break
        if depth == len(steps) or not tree or "." in tree:
            deepest = depth
    return deepest


def _child(tree: Tree, step: Step) -> object:
    if (found := tree.get(f"f:{step.text}")) is not None:
        return found
    return next((inner for key, inner in tree.items() if key.startswith("k:") and _names(step, key[2:])), None)


def _names(step: Step, keys: str) -> bool:
    try:
        item = json.loads(keys)
    except ValueError:
        return False
    return isinstance(item, dict) and step.selects(item)


def _text(entry: Mapping[str, object], key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""
