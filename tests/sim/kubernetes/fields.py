"""PURE. Sets of fields as `metadata.managedFields` keeps them, and what server-side apply does with them.

The rules are those of sigs.k8s.io/structured-merge-diff (typed/{tofieldset,compare,merge,remove}.go). A path is a tuple
of elements as `fieldsV1` writes them: `f:spec`, `k:{"name":"main"}`, `v:"x"`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Any

from tests.sim.kubernetes.shapes import elements, is_granular

Path = tuple[str, ...]
Value = Any  # whatever JSON holds
_ABSENT = object()


def owned(value: Value) -> frozenset[Path]:
    """The fields that an applied object declares."""
    return frozenset(_owned((), "", value))


def _owned(path: Path, name: str, value: Value) -> Iterator[Path]:
    if not is_granular(name, value):
        yield path
        return
    for element, child in _children(name, value).items():
        below = (*path, element)
        yield from _owned(below, element[2:] if element[0] == "f" else "", child)
        if element[0] != "f" or child is None or child == {}:
            yield below


def differences(old: Value, new: Value) -> tuple[set[Path], set[Path]]:
    """The fields that are added or changed in `new`, and those that are in `old` only."""
    changed: set[Path] = set()
    removed: set[Path] = set()
    _compare((), "", old, new, (changed, removed))
    return changed, removed


def _compare(path: Path, name: str, old: Value, new: Value, found: tuple[set[Path], set[Path]]) -> None:
    present = [value for value in (old, new) if value is not _ABSENT]
    changed, removed = found
    if all(is_granular(name, value) for value in present) and any(present):
        before, after = (_children(name, value) if value is not _ABSENT else {} for value in (old, new))
        for element in {**before, **after}:
            below = element[2:] if element[0] == "f" else ""
            left, right = before.get(element, _ABSENT), after.get(element, _ABSENT)
            if left is not right:
                _compare((*path, element), below, left, right, found)
    elif _ABSENT not in (old, new) and old != new:
        changed.add(path)
    if old is _ABSENT:
        changed.add(path)
    elif new is _ABSENT:
        removed.add(path)


def merged(live: Value, applied: Value, name: str = "") -> Value:
    """`live` with everything that `applied` says."""
    if not (is_granular(name, live) and is_granular(name, applied)) or type(live) is not type(applied):
        return applied
    if isinstance(live, dict):
        both = {key: merged(live[key], value, key) if key in live else value for key, value in applied.items()}
        return {**live, **both}
    left, right = elements(name, live), elements(name, applied)
    return [
        merged(left[key], right[key]) if key in left and key in right else right.get(key, left.get(key))
        for key in _order(list(left), list(right))
    ]


def _order(left: list[str], right: list[str]) -> list[str]:
    """The order of a merged list: shared elements as in `right`, the others of `left` near where they were."""
    known, wanted = set(left), set(right)
    shared = [key for key in right if key in known]
    order: list[str] = []
    i = j = 0
    while i < len(left) or j < len(right):
        coming = next((key for key in shared if key not in order), None)
        if i < len(left) and j < len(right) and left[i] != right[j] and left[i] in wanted and left[i] != coming:
            i += 1  # a shared element whose turn has not come, or has been
            continue
        if i < len(left) and left[i] not in wanted:
            order.append(left[i])
            i += 1
            continue
        if i < len(left) and (left[i] in order or (j < len(right) and left[i] == right[j])):
            i += 1
        if j < len(right):
            order.append(right[j])
            j += 1
    return order


def without(value: Value, gone: AbstractSet[Path], name: str = "") -> Value:
    """`value` without the fields of `gone`; a map or list that loses some of its children stays, if only empty."""
    if not gone or not is_granular(name, value):
        return value
    below: dict[str, set[Path]] = {}
    for path in gone:
        below.setdefault(path[0], set()).add(path[1:])
    kept = {
        element: without(child, below.get(element, set()), element[2:] if element[0] == "f" else "")
        for element, child in _children(name, value).items()
        if () not in below.get(element, ())
    }
    if isinstance(value, dict):
        return {element[2:]: child for element, child in kept.items()}
    return list(kept.values())


def with_parents(paths: Iterable[Path]) -> set[Path]:
    """The paths, and the named fields that they are below."""
    found = set(paths)
    for path in list(found):
        found.update(path[:end] for end in range(1, len(path)) if path[end - 1][0] == "f")
    return found


def written(paths: Iterable[Path]) -> dict[str, Value]:
    """The paths as `fieldsV1` writes them."""
    known = set(paths)
    tree: dict[str, Value] = {}
    nodes = {path: _node(tree, path) for path in known}
    for node in nodes.values():
        if node:
            node["."] = {}
    return tree


def _node(tree: dict[str, Value], path: Path) -> dict[str, Value]:
    for element in path:
        tree = tree.setdefault(element, {})
    return tree


def read(tree: dict[str, Value], path: Path = ()) -> Iterator[Path]:
    """The paths that `fieldsV1` names."""
    for element, below in tree.items():
        if element == ".":
            yield path
        elif below:
            yield from read(below, (*path, element))
        else:
            yield (*path, element)


def _children(name: str, value: Value) -> dict[str, Value]:
    if isinstance(value, dict):
        return {f"f:{key}": child for key, child in value.items()}
    return elements(name, value)
