"""PURE. Down through a declared object and a live one: pointers to the declared fields that are not there as declared.

Every function takes what a field is, what is declared, what is there (None: nothing), the pointer so far, and the list
that takes the pointers found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from reconciler.kube.drift.schema import UNKNOWN, Form, Shape
from reconciler.kube.drift.values import alike, empty
from reconciler.kube.render import pointers

#: What the API server fills in inside of what is one value (k8s.io/kubernetes pkg/apis/*/v1/defaults.go). Elsewhere
#: nothing need be known: what is not declared is not compared.
_FILLED: Mapping[str, tuple[object, ...]] = {
    "allocationMode": ("ExactCount",),
    "apiVersion": ("v1",),
    "count": (1,),
    "divisor": ("0",),
    "expirationSeconds": (3600,),
    "kind": ("PersistentVolumeClaim",),
    "protocol": ("TCP",),
    "status": ({"phase": "Pending"}, "True"),
    "volumeMode": ("Filesystem",),
}


def walk(shape: Shape, declared: object, live: object, at: str, found: list[str]) -> None:
    """Add to `found` a pointer for each difference at or below `at`."""
    if live is None:
        if declared is not None and (shape.kept or not empty(declared)):
            found.append(at)
    elif shape.atomic:
        if not same(shape, declared, live):
            found.append(at)
    elif isinstance(declared, Mapping) and isinstance(live, Mapping):
        _fields(shape, declared, live, at, found)
    elif isinstance(declared, list) and isinstance(live, list):
        _elements(shape, declared, live, at, found)
    elif declared is not None and not alike(shape.word, declared, live):
        found.append(at)


def _fields(
    shape: Shape, declared: Mapping[str, object], live: Mapping[str, object], at: str, found: list[str]
) -> None:
    known = shape.form is not Form.UNKNOWN
    for key, value in declared.items():
        there = live.get(key)
        # Most of an object is as it was declared, and this comparison is the quickest. (True equals 1, which matters
        # only where the API server does not check the type of a field.)
        if known and value == there:
            continue
        walk(shape.part(key), value, there, at + pointers.field(key), found)


def _elements(shape: Shape, declared: Sequence[object], live: Sequence[object], at: str, found: list[str]) -> None:
    keys = shape.keys or (_own_keys(declared, live) if shape.form is Form.UNKNOWN else ())
    if keys:
        _keyed(shape.part(""), keys, declared, live, at, found)
    elif shape.form is Form.SET:
        if not all(item in live for item in declared):
            found.append(at)
    elif not same(shape, declared, live):
        found.append(at)


def _keyed(
    inner: Shape, keys: tuple[str, ...], declared: Sequence[object], live: Sequence[object], at: str, found: list[str]
) -> None:
    there: defaultdict[tuple[str, ...], list[object]] = defaultdict(list)
    for item in reversed(live):
        there[_key(item, keys)].append(item)
    for item in declared:
        others = there[_key(item, keys)]
        other = others.pop() if others else None
        if inner is UNKNOWN or item != other:
            selector = pointers.element(keys, item) if isinstance(item, Mapping) else ""
            walk(inner, item, other, at + selector, found)


def same(shape: Shape, declared: object, live: object) -> bool:
    """Whether two values are the same as a whole: nothing is missing, and nothing is there that was not declared."""
    match declared, live:
        case dict(), dict():
            return _same_fields(shape, declared, live)
        case list(), list():
            inner = shape.part("")
            return len(declared) == len(live) and all(map(lambda one, other: same(inner, one, other), declared, live))
        case None, None:
            return True
        case (_, None) | (None, _):
            return empty(declared) and empty(live) and not shape.kept
        case _:
            return alike(shape.word, declared, live)


def _same_fields(shape: Shape, declared: Mapping[str, object], live: Mapping[str, object]) -> bool:
    """As `same`, for maps. What a custom resource's server fills in is not known: more fields are not counted there."""
    if not all(same(shape.part(key), value, live.get(key)) for key, value in declared.items()):
        return False
    more = live.keys() - declared.keys() if shape.form is not Form.UNKNOWN else ()
    return all(same(shape.part(key), None, live[key]) or live[key] in _FILLED.get(key, ()) for key in more)


def _own_keys(declared: Sequence[object], live: Sequence[object]) -> tuple[str, ...]:
    """By what the elements of a list of unknown kind can be told apart: a name that each has and no two share."""
    return ("name",) if _all_named(declared) and _all_named(live) else ()


def _all_named(items: Sequence[object]) -> bool:
    names = [item.get("name") for item in items if isinstance(item, Mapping)]
    return len(set(map(repr, names))) == len(items) and all(isinstance(name, str) for name in names)


def _key(item: object, keys: tuple[str, ...]) -> tuple[str, ...]:
    if not isinstance(item, Mapping):
        return (repr(item),)
    return tuple(pointers.text(item.get(key, pointers.KEY_DEFAULTS.get(key))) for key in keys)
