"""PURE. Who set a field last, by the record that the API server keeps of it (`metadata.managedFields`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.kube import marks
from reconciler.kube.drift.fields import Fields, child, fields_of
from reconciler.kube.kinds import Object
from reconciler.kube.render.pointers import Step, parse

#: The manager that keeps the live values of fields that are ignored; nobody else applies under its name.
IGNORED = "reconciler-ignored"

#: What the API server keeps of one manager: name, operation, time, and the fields.
Entry = Mapping[str, object]


def last_manager(live: Object, pointer: str) -> str:
    """The newest other manager that owns what a pointer names, or else the nearest thing above it.

    "" when the object does not say (the record was removed, or nobody but us owns anything there). Never raises.
    """
    others = [entry for entry in entries(live) if entry.get("manager") not in (marks.MANAGER, IGNORED)]
    owned = [
        (_depth(fields_of(entry), parse(pointer)), _text(entry, "time"), _text(entry, "manager")) for entry in others
    ]
    return max((found for found in owned if found[0]), default=(0, "", ""))[2]


def entries(live: Object) -> list[Entry]:
    """The records of an object; none when they were removed."""
    metadata = live.get("metadata")
    found = metadata.get("managedFields") if isinstance(metadata, Mapping) else None
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []


def applied_by(live: Object, manager: str) -> Entry:
    """The record of what a manager applied; an empty one when it applied nothing."""
    mine = (entry for entry in entries(live) if entry.get("manager") == manager)
    return next((entry for entry in mine if entry.get("operation") == "Apply" and not entry.get("subresource")), {})


def _depth(fields: Fields, steps: Sequence[Step]) -> int:
    """How many steps lead to the deepest thing that is owned; to the last one also when only parts of it are."""
    found = [_depth_at(inner, steps) for inner in child(fields, steps[0]).values()] if steps else []
    return max(found, default=0)


def _depth_at(inner: Fields, steps: Sequence[Step]) -> int:
    below = _depth(inner, steps[1:])
    return below + 1 if below or len(steps) == 1 or not inner or "." in inner else 0


def _text(entry: Entry, key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""
