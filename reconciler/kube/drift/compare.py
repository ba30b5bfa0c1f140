"""PURE. What is declared against what is there: which declared fields differ, and who set them.

Only declared fields count. They are compared as the API server would merge them (see `schema`): order does not matter
in a list that has keys or is a set, and what others added to one is theirs; a list or map that is one value differs as
a whole. What the server drops (an empty value) or fills in is no difference.

In a kind that is not Kubernetes' own, a list whose elements all have a name of their own is taken to be merged by it,
and any other to be one value.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import cast

from reconciler.kube import marks
from reconciler.kube.drift.managers import last_manager
from reconciler.kube.drift.schema import of
from reconciler.kube.drift.walk import walk
from reconciler.kube.kinds import Object
from reconciler.kube.render import pointers
from reconciler.models.workload import Drift

#: Differences named of one object; the last place says how many more there are.
LONGEST = 20
#: The object's own name and place, and what only its controllers write.
_NOT_COMPARED = frozenset({"apiVersion", "kind", "metadata", "status"})
_METADATA = ("labels", "annotations", "finalizers", "ownerReferences")


def compare(declared: Object, live: Object, ignore: Sequence[str] = ()) -> tuple[Drift, ...]:
    """What differs, at most `LONGEST`; never raises, whatever `live` is.

    `declared` is an object as it is applied, `live` one as the API server sends it, and `ignore` are pointers to what
    others own. The revision that is written on an object is none of its content.
    """
    if ignore:
        declared, live = (cast("Object", pointers.without(item, ignore)) for item in (declared, live))
    found = differences(declared, live)
    named = [_drift(declared, live, pointer, last_manager(live, pointer)) for pointer in found[:LONGEST]]
    if len(found) > LONGEST:
        named[-1] = _drift(declared, live, f"and {len(found) - LONGEST + 1} more", "")
    return tuple(named)


def torn_lists(declared: Object, live: Object) -> set[str]:
    """Pointers to the lists with keys of which a declared element is not there at all."""
    gone = (pointer for pointer in differences(declared, live) if pointer.endswith("]"))
    return {pointer.rpartition("[")[0] for pointer in gone if not pointers.find(live, pointer)}


def differences(declared: Object, live: Object) -> list[str]:
    """Pointers to all declared fields that are not in `live` as they were declared, sorted; never raises."""
    shape, found = of(declared), list[str]()
    there = _texts(live.get("metadata"))
    for key, value in _metadata(declared).items():
        walk(shape.part("metadata").part(key), value, there.get(key), f"/metadata/{key}", found)
    content = _stored(declared)
    for key in content.keys() - _NOT_COMPARED:
        walk(shape.part(key), content[key], live.get(key), pointers.field(key), found)
    return sorted(found)


def _metadata(declared: Object) -> Object:
    metadata = declared.get("metadata", {})
    mine = {key: metadata[key] for key in _METADATA if key in metadata}
    notes = mine.get("annotations") or {}
    return mine | {"annotations": {key: value for key, value in notes.items() if key != marks.REVISION}}


def _stored(declared: Object) -> Object:
    """A Secret is declared in plain text or in base64, and stored in base64."""
    if declared.get("kind") != "Secret" or not declared.get("stringData"):
        return declared
    plain = {key: base64.b64encode(str(value).encode()).decode() for key, value in declared["stringData"].items()}
    stored = {key: value for key, value in declared.items() if key != "stringData"}
    return stored | {"data": {**(declared.get("data") or {}), **plain}}


def _drift(declared: Object, live: Object, field: str, manager: str) -> Drift:
    metadata = declared["metadata"]
    where = f"{declared['kind']} {metadata.get('namespace', '')}/{metadata['name']}"
    version = _texts(live.get("metadata")).get("resourceVersion")
    return Drift(where, field, manager, version if isinstance(version, str) else "")


def _texts(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
