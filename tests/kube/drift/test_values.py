from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.kube.drift.values import alike, quantity

_ANY = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.from_regex(r"[0-9.]{0,4}[numkMGTPEie]{0,2}")
)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        (2, 2),
        (0.5, Fraction(1, 2)),
        ("500m", Fraction(1, 2)),
        (".5", Fraction(1, 2)),
        ("1.", 1),
        ("+1k", 1000),
        ("-1", -1),
        ("1n", Fraction(1, 10**9)),
        ("1u", Fraction(1, 10**6)),
        ("1Ki", 1024),
        ("1.5Gi", 3 * 2**29),
        ("1E", 10**18),
        ("1Ei", 2**60),
        ("1E3", 1000),
        ("1e-3", Fraction(1, 1000)),
        ("12e+2", 1200),
        ("", None),
        ("Gi", None),
        ("1 Gi", None),
        ("1gi", None),
        ("1e", None),
        ("1e99999", None),
        ("0x10", None),
        ("\N{ARABIC-INDIC DIGIT ONE}", None),
        (True, None),
        (float("inf"), None),
        ([], None),
    ],
)
def test_what_a_quantity_stands_for(text: object, number: object) -> None:
    assert quantity(text) == number


@settings(deadline=None)
@given(
    one=_ANY, other=_ANY, word=st.sampled_from(["string", "number", "bool", "quantity", "port", "bytes", "?", "any"])
)
def test_two_values_are_alike_or_not_either_way_round(one: object, other: object, word: str) -> None:
    assert alike(word, one, other) is alike(word, other, one)
    assert alike(word, one, one) or one != one


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("60s", "1m0s", True), ("1.5h", "90m", True), ("24h0m0s", "1h", False), ("1m", "1ms", False), ("5", "5s", False)],
)
def test_durations_as_go_writes_them(one: str, other: str, same: bool) -> None:
    assert alike("?", one, other) is same
    assert not alike("string", one, other)
