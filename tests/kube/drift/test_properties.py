"""What must hold for every object: what a real API server made of what was applied is in recorded.json."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.kube.drift.compare import compare
from reconciler.kube.kinds import Object
from reconciler.kube.render import pointers
from tests.kube.drift.objects import everything

RECORDED = json.loads((Path(__file__).parent / "recorded.json").read_text())
_PAIRS = list(zip(everything(), RECORDED, strict=True))
_KEYS = ("name", "mountPath", "ip", "topologyKey", "containerPort")
_ATOMIC = ("tolerations", "sources", "metrics", "rules", "paths", "ingress", "from", "volumeClaimTemplates")
_KEYED_KINDS = ("StatefulSet", "Service")
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


def _leaves(value: object, at: str = "") -> Iterator[tuple[str, object]]:
    """Each declared value that stands by itself, with a pointer to it."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            if at or key not in ("apiVersion", "kind"):
                yield from _leaves(inner, at + pointers.field(key))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            key = next((key for key in _KEYS if isinstance(inner, dict) and key in inner), "")
            yield from _leaves(inner, at + (pointers.element([key], inner) if key else f"/{index}"))
    elif at not in ("/metadata/name", "/metadata/namespace"):
        yield at, value


def _set(live: Object, pointer: str, value: object) -> None:
    above, _, last = pointer.rpartition("/")
    name = last.replace("~1", "/").replace("~0", "~")
    (parent,) = pointers.find(live, above)
    if isinstance(parent, list):
        parent[int(name)] = value
    else:
        assert isinstance(parent, dict)
        parent[name] = value


def _other(value: object) -> object:
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return value + "x"
        case _:
            return None  # an empty map to which something is added is still as it was declared


@pytest.mark.parametrize(("declared", "live"), _PAIRS, ids=lambda item: item["kind"])
def test_what_a_server_made_of_what_was_applied_does_not_differ(declared: Object, live: Object) -> None:
    assert compare(declared, live) == ()
    assert compare(live, live) == ()


@pytest.mark.parametrize(("declared", "live"), _PAIRS, ids=lambda item: item["kind"])
def test_a_change_of_any_declared_field_is_found_where_it_is(declared: Object, live: Object) -> None:
    for pointer, value in _leaves(declared):
        changed = deepcopy(live)
        _set(changed, pointer, _other(value))
        found = compare(declared, changed)
        assert found, pointer
        # A key that is changed makes another element of the list.
        assert any(pointer.startswith(drift.field.split("[")[0]) for drift in found), (pointer, found)


@pytest.mark.parametrize("kind", _KEYED_KINDS)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_the_order_of_elements_with_keys_does_not_matter(kind: str, data: st.DataObject) -> None:
    declared, live = next(pair for pair in _PAIRS if pair[0]["kind"] == kind)

    def shuffled(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            items = data.draw(st.permutations(list(value.items())))
            return {name: shuffled(inner, name) for name, inner in items}
        keyed = isinstance(value, list) and key not in _ATOMIC and all(isinstance(inner, dict) for inner in value)
        if keyed and key in ("containers", "env", "ports", "volumeMounts", "volumes"):
            return [shuffled(inner) for inner in data.draw(st.permutations(value))]
        return value

    assert compare(declared, shuffled(live)) == ()


@settings(max_examples=50, deadline=None)
@given(value=_JSON)
def test_any_custom_resource_does_not_differ_from_itself(value: object) -> None:
    item = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": value}
    assert compare(item, json.loads(json.dumps(item))) == ()


@settings(max_examples=50, deadline=None)
@given(junk=_JSON, where=st.sampled_from([pointer for pointer, _ in _leaves(everything()[0])]))
def test_a_live_object_may_be_anything(junk: object, where: str) -> None:
    declared, live = _PAIRS[0]
    changed = deepcopy(live)
    _set(changed, where, junk)
    for drift in compare(declared, changed):
        assert drift.field.startswith("/")
    assert isinstance(compare(declared, {"metadata": junk, "spec": junk}), tuple)
