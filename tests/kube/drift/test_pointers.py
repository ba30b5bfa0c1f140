from __future__ import annotations

from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.kube.render.pointers import element, field, find, is_under, parse, within, without

_VALUE = {
    "a": {"b": 1, "c~/d": 2},
    "list": [{"x": 1}, {"x": 2, "y": 3}],
    "containers": [
        {"name": "main", "image": "i", "mounts": [{"mountPath": "/a]b=c", "n": 1}, {"mountPath": "/d,e=f", "n": 2}]},
        {"name": "side", "image": "j"},
    ],
    "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53}, {"port": 80, "ready": True}],
}


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("/a/b", [1]),
        ("/a/c~0~1d", [2]),
        ("/list/1/y", [3]),
        ("/list/2", []),
        ("/list/-", []),
        ("/a/b/c", []),
        ("/nothing", []),
        ("/containers[name=main]/image", ["i"]),
        ("/containers/name=main/image", ["i"]),
        ("/containers/[name=side]/image", ["j"]),
        ("/containers[name=none]/image", []),
        ("/containers[image=j]/name", ["side"]),
        ("/containers[name=main]/mounts[mountPath=~1a]b=c]/n", [1]),
        ("/containers[name=main]/mounts[mountPath=~1d,e=f]/n", [2]),
        ("/ports[port=53]/port", [53, 53]),
        ("/ports[port=53,protocol=TCP]", [{"port": 53}]),
        ("/ports[port=53,protocol=UDP]/port", [53]),
        ("/ports[ready=true]/port", [80]),
        ("/a[name=main]", []),
    ],
)
def test_a_pointer_names(pointer: str, found: list[object]) -> None:
    assert find(_VALUE, pointer) == found


@pytest.mark.parametrize(
    ("pointer", "below", "left"),
    [
        ("/a/b", "a", {"c~/d": 2}),
        ("/a/c~0~1d", "a", {"b": 1}),
        ("/a/b/c", "a", _VALUE["a"]),
        ("/list/1/y", "list", [{"x": 1}, {"x": 2}]),
        ("/list/0", "list", [{"x": 2, "y": 3}]),
        ("/list/2", "list", _VALUE["list"]),
        ("/list/-", "list", _VALUE["list"]),
        ("/ports[port=53]", "ports", [{"port": 80, "ready": True}]),
        ("/ports/port=80/ready", "ports", [{"port": 53, "protocol": "UDP"}, {"port": 53}, {"port": 80}]),
    ],
)
def test_what_a_pointer_names_is_left_out(pointer: str, below: str, left: object) -> None:
    before = deepcopy(_VALUE)
    assert without(_VALUE, [pointer]) == _VALUE | {below: left}
    assert before == _VALUE, "what was given is not changed"


def test_several_pointers_are_left_out_one_after_the_other() -> None:
    left = without(_VALUE, ["/containers[name=main]", "/ports", "/a", "/list"])
    assert left == {"containers": [{"name": "side", "image": "j"}]}


@pytest.mark.parametrize(
    ("pointer", "ignored", "under"),
    [
        ("/spec/replicas", "/spec/replicas", True),
        ("/spec/replicas", "/spec", True),
        ("/spec", "/spec/replicas", False),
        ("/spec/replicasMore", "/spec/replicas", False),
        ("/containers[name=main]/image", "/containers/name=main", True),
        ("/containers[name=side]/image", "/containers[name=main]", False),
        ("/containers[name=main]/image", "/containers", True),
        ("/ports[port=80,protocol=TCP]/name", "/ports[port=80]", True),
        ("/ports[port=80]/name", "/ports[port=80,protocol=TCP]", False),
        ("/list/1", "/list/1", True),
        ("/list/10", "/list/1", False),
    ],
)
def test_what_lies_below_what_is_ignored(pointer: str, ignored: str, under: bool) -> None:
    assert is_under(pointer, [ignored]) is under
    assert is_under(pointer, ["/other", ignored]) is under
    assert not is_under(pointer, [])


@settings(deadline=None)
@given(name=st.text(min_size=1), value=st.text())
def test_whatever_the_words_a_pointer_made_for_them_finds_them(name: str, value: str) -> None:
    item = {"list": [{"key": value + "x"}, {"key": value, name: 1}]}
    assert find(item, "/list" + element(["key"], item["list"][1]) + field(name))[:1] == [item["list"][1][name]]


@settings(deadline=None)
@given(text=st.text(max_size=20))
def test_any_text_is_a_pointer_to_something_or_nothing(text: str) -> None:
    parse(text)
    assert isinstance(find(_VALUE, text), list)
    without(_VALUE, ["/" + text])


@pytest.mark.parametrize(
    ("pointer", "source", "made"),
    [
        ("/a/b", {"a": {"b": 9}}, _VALUE | {"a": {"b": 9, "c~/d": 2}}),
        ("/new/deep", {"new": {"deep": 1}}, _VALUE | {"new": {"deep": 1}}),
        ("/a/b", {"a": {}}, _VALUE),
        ("/a/b", {"a": 1}, _VALUE),
        ("/list/0", {"list": [7]}, _VALUE | {"list": [7, {"x": 2, "y": 3}]}),
        ("/list/2", {"list": [7, 8, 9]}, _VALUE | {"list": [{"x": 1}, {"x": 2, "y": 3}, 9]}),
        ("/list[x=2]/y", {"list": [{"x": 2, "y": 4}]}, _VALUE | {"list": [{"x": 1}, {"x": 2, "y": 4}]}),
    ],
)
def test_what_a_pointer_names_is_taken_from_another(pointer: str, source: object, made: object) -> None:
    before = deepcopy(_VALUE)
    assert within(_VALUE, source, pointer) == made
    assert before == _VALUE
