"""The tiny language of constraints: what it means, and that nothing else gets through."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.desired.expressions import ExpressionError, Facts, holds, names_in, parse_rule, parse_sum, value_of

FACTS: Facts = {
    "config.tensor": 4,
    "config.pipeline": 2,
    "config.share": 0.5,
    "config.mode": "explicit",
    "config.models": ("a", "b"),
    "config.none": (),
    "config.eager": False,
    "config.unset": None,
    "config.buffers": "128MB",
    "config.odd": "many",
    "resources.gpus": 4,
    "config.huge": f"{10**30}GB",
    "resources.memory": 2**30,
    "nodes": 2,
}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("config.tensor * config.pipeline == resources.gpus * nodes", True),
        ("config.tensor * config.pipeline == resources.gpus", False),
        ("1 + 2 * 3 == 7", True),
        ("(1 + 2) * 3 == 9", True),
        ("10 - 3 - 2 == 5", True),
        ("config.share <= 0.5", True),
        ("config.share < 0.5", False),
        ("config.mode == 'explicit'", True),
        ("config.mode != 'explicit' or config.models != []", True),
        ("config.mode != 'explicit' or config.none != []", False),
        ("config.eager == true", False),
        ("config.unset == null", True),
        ("config.mode != null", True),
        ("config.unset * 2 == 5", True),
        ("config.unset > 5", True),
        ("bytes(config.buffers) == 134217728", True),
        ("bytes(config.buffers) >= resources.memory", False),
        ("bytes(config.odd) > resources.memory", True),
        ("bytes(config.huge) > resources.memory", True),
        ("bytes(config.huge) < resources.memory", False),
    ],
)
def test_what_a_rule_says(rule: str, expected: bool) -> None:
    assert holds(parse_rule(rule), FACTS) is expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "1 ==", "== 1", "1 == 1 == 1", "1 = 1", "(1 == 1)", "1 == (1", "or", "1 == 1 or", "config.a"),
        *("__import__('os') == 1", "config.a.b == 1", "config.a[0] == 1", "a ** 2 == 1", "1 / 0 == 1", "1; 2 == 2"),
        *("'open == 1", "bytes(1) == 1", "bytes == bytes", "lambda == 1 2", "1" * 16 + " == 1", "1 == 1 and 1 == 1"),
        *(" + ".join(["1"] * 40) + " == 1", "(" * 32 + "1" + ")" * 32 + " == 1"),
    ],
)
def test_what_is_no_rule(text: str) -> None:
    if text == "bytes == bytes":
        assert names_in(*parse_rule(text)) == ["bytes"], "a name that no recipe knows: told by the inspection"
        return
    with pytest.raises(ExpressionError):
        parse_rule(text)


@given(st.text(alphabet="confg.ab()+-*<>=!'or 0129[]", max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    with suppress(ExpressionError):
        rule = parse_rule(text)
        assert 1 <= len(rule) <= 64


def test_names_in_their_order_each_once() -> None:
    assert names_in(*parse_rule("nodes * config.tensor == nodes or config.mode == 'x'")) == [
        "nodes",
        "config.tensor",
        "config.mode",
    ]


def test_numbers_that_are_too_large_for_a_float() -> None:
    huge: Facts = {"config.a": 10**4000, "config.b": 1.5}
    assert value_of(parse_sum("config.a * config.b"), huge) == float("inf")
    assert holds(parse_rule("config.a > config.b"), huge)
