"""PURE. Sets of fields as the API server records them (fieldsV1): joined, narrowed, and read out of an object.

`f:name` is a field, `k:{"name":"main"}` an element of a list by its keys, `v:"x"` an element of a set, and `.` says
that the thing itself is in the set and not only what is in it. What has nothing below it is in the set as a whole.
https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from reconciler.kube.render.pointers import Step, parse

#: A set of fields.
Fields = Mapping[str, object]


def fields_of(entry: Mapping[str, object]) -> Fields:
    """The fields of one manager's record; none when it is damaged."""
    return _set(entry.get("fieldsV1"))


def union(one: Fields, other: Fields) -> Fields:
    """What is in either of two sets."""
    both = {key: union(_set(one[key]), _set(other[key])) for key in one.keys() & other.keys()}
    return {**one, **other, **both}


def minus(fields: Fields, other: Fields) -> Fields:
    """What of a set is not in another one, which is a part of it."""
    left = {key: (inner, minus(_set(inner), _set(other.get(key)))) for key, inner in fields.items()}
    return {key: rest if key in other else inner for key, (inner, rest) in left.items() if rest or key not in other}


def only(fields: Fields, pointers: Iterable[str]) -> Fields:
    """What of a set is named by the pointers, or lies below."""
    kept: Fields = {}
    for pointer in pointers:
        kept = union(kept, _below(fields, parse(pointer)))
    return kept


def within(fields: Fields, value: object) -> Fields:
    """What of a set there is in `value`."""
    found = {key: (_set(inner), _inner(key, value)) for key, inner in fields.items()}
    return {key: within(inner, values[0]) for key, (inner, values) in found.items() if values}


def read(fields: Fields, value: object) -> object:
    """The part of `value` that is in the set; elements of lists keep the keys by which they are told apart."""
    named = [(key, _set(inner)) for key, inner in fields.items() if key != "."]
    parts = [(key, read(inner, found)) for key, inner in named for found in _inner(key, value)]
    match value:
        case dict() if fields:
            return {key[2:]: part for key, part in parts}
        case list() if fields:
            return [_keys(key) | part if isinstance(part, dict) else part for key, part in parts]
        case _:
            return value


def child(fields: Fields, step: Step) -> Mapping[str, Fields]:
    """What of a set one step of a pointer leads to, by the words of the set: several, if a selector names several."""
    name = f"f:{step.text}"
    return {
        key: _set(inner) for key, inner in fields.items() if key == name or (_keys(key) and step.selects(_keys(key)))
    }


def _below(fields: Fields, steps: Sequence[Step]) -> Fields:
    if not steps:
        return fields
    found = {key: (inner, _below(inner, steps[1:])) for key, inner in child(fields, steps[0]).items()}
    # A part of what is in the set as a whole is not in it by itself.
    return {key: below for key, (inner, below) in found.items() if len(steps) == 1 or (inner and below)}


def _inner(key: str, value: object) -> Sequence[object]:
    """What one word of a set stands for in `value`: one thing, or nothing."""
    kind, name = key[:2], key[2:]
    match value:
        case _ if key == ".":
            return [value]
        case dict() if kind == "f:" and name in value:
            return [value[name]]
        case list() if kind == "k:":
            keys = _keys(key)
            return [item for item in value if isinstance(item, dict) and keys.items() <= item.items()][:1]
        case list() if kind == "v:":
            return [item for item in value if json.dumps(item) == name][:1]
        case _:
            return []


def _keys(key: str) -> dict[str, object]:
    """The keys and values of an element, of its word in a set; none of any other word."""
    try:
        keys = json.loads(key[2:]) if key.startswith("k:") else {}
    except ValueError:
        return {}
    return keys if isinstance(keys, dict) else {}


def _set(value: object) -> Fields:
    return value if isinstance(value, Mapping) else {}
