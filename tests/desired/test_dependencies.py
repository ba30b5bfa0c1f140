from __future__ import annotations

import time

import pytest

from reconciler.desired.dependencies import check_dependencies

PLACES = {name: (f"desired/{name}.yaml", 1) for name in ("a", "b", "c", "database")}


@pytest.mark.parametrize(
    ("waits", "words"),
    [
        ({}, []),
        ({"a": ("b",), "b": ("c",)}, []),
        ({"a": ("databse",)}, ["desired/a.yaml:1:1: spec.dependsOn: unknown service; found `databse`; did you mean"]),
        ({"a": ("a",)}, ["`a` waits for `a`"]),
        ({"a": ("b",), "b": ("c",), "c": ("a",)}, ["`a` waits for `b`", "`b` waits for `c`", "`c` waits for `a`"]),
        ({"a": ("a", "a")}, ["`a` waits for `a`"]),
        ({"a": ("b", "c"), "b": ("c", "a"), "c": ()}, ["`a` waits for `b`", "`b` waits for `a`"]),
        ({"a": ("b",), "b": ("c",), "c": ("b",)}, ["`b` waits for `c`", "`c` waits for `b`"]),
    ],
)
def test_unknown_names_and_circles(waits: dict[str, tuple[str, ...]], words: list[str]) -> None:
    found = [str(one) for one in check_dependencies(waits, PLACES, frozenset(PLACES))]
    assert len(found) == len(words)
    assert all(word in text for word, text in zip(words, found, strict=True))


def test_a_long_chain_into_a_circle_is_quick() -> None:
    waits = {f"s{number}": (f"s{number + 1}",) for number in range(20_000)} | {"s20000": ("s19999",)}
    places = dict.fromkeys(waits, ("desired/all.yaml", 1))
    began = time.monotonic()
    found = list(check_dependencies(waits, places, frozenset(waits)))
    assert [one.service for one in found] == ["s19999", "s20000"]
    assert time.monotonic() - began < 10, "walking the chain for each of its names takes minutes"
