from __future__ import annotations

import pytest

from reconciler.kube.render.pointers import without

_VALUE = {"a": {"b": 1, "c~/d": 2}, "list": [{"x": 1}, {"x": 2, "y": 3}]}


@pytest.mark.parametrize(
    ("pointer", "left"),
    [
        ("/a/b", {"a": {"c~/d": 2}, "list": _VALUE["list"]}),
        ("/a/c~0~1d", {"a": {"b": 1}, "list": _VALUE["list"]}),
        ("/list/1/y", {"a": _VALUE["a"], "list": [{"x": 1}, {"x": 2}]}),
        ("/list/0", {"a": _VALUE["a"], "list": [{"x": 2, "y": 3}]}),
        ("/list/2", _VALUE),
        ("/list/-", _VALUE),
        ("/a/b/c", _VALUE),
        ("/nothing", _VALUE),
    ],
)
def test_what_a_pointer_names_is_left_out(pointer: str, left: object) -> None:
    assert without(_VALUE, [pointer]) == left


def test_what_was_given_is_not_changed() -> None:
    value = {"a": {"b": 1}}
    without(value, ["/a/b"])
    assert value == {"a": {"b": 1}}
