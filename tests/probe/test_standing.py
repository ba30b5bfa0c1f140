"""Thresholds, the grace after a start, and when the next probe is due: all pure."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.models.recipe import HealthProbe
from reconciler.probe.ledger import Entry, Ledger
from reconciler.probe.schedule import due, phase, step
from reconciler.probe.standing import Standing, stand


def probe(**more: object) -> HealthProbe:
    times = {"startup": "30s", "interval": "10s", "timeout": "1s"}
    return HealthProbe.model_validate({"tcp": {"port": "http"}, **times, **more})


def ups(words: str, **more: object) -> str:
    """Good probes (+) and failed ones (-), small letters in the grace; what it is after each: u(p), d(own), ?."""
    standing, told = Standing(), ""
    for word in words:
        standing = stand(standing, probe(**more), answered=word in "gG", grace=word.islower())
        told += {True: "u", False: "d", None: "?"}[standing.up]
    return told


@pytest.mark.parametrize(
    ("words", "told", "more"),
    [
        ("g", "u", {}),
        ("bbbbbbg", "??????u", {}),
        ("bbBB", "??dd", {}),
        ("BBB", "??d", {}),
        ("BBGBBBG", "??uuudu", {}),
        ("gbbbg", "uuudu", {}),
        ("gBBGBBG", "uuuuuuu", {}),
        ("B", "d", {"failures": 1}),
        ("GGBG", "?uuu", {"successes": 2}),
        ("GBGBGG", "?????u", {"successes": 2}),
        ("GGBBBGBGG", "?uuuddddu", {"successes": 2}),
    ],
)
def test_thresholds(words: str, told: str, more: dict[str, object]) -> None:
    assert ups(words, **more) == told


@given(st.text("gbGB", max_size=40), st.integers(1, 5), st.integers(1, 5))
def test_it_changes_only_after_as_many_in_a_row_as_the_recipe_says(words: str, failures: int, successes: int) -> None:
    told = "?" + ups(words, failures=failures, successes=successes)
    for number, (before, after) in enumerate(pairwise(told), start=1):
        if after == "d" != before:
            assert set(words[max(0, number - failures) : number].lower()) == {"b"}
            assert number >= failures
        if after == "u" != before:
            assert set(words[max(0, number - successes) : number].lower()) == {"g"}
            assert number >= successes
        if words[number - 1] == "b":
            assert not (before == "?" and after == "d")


def test_the_first_request_is_due_until_it_was_answered_once() -> None:
    standing = stand(Standing(), probe(), answered=False, grace=True)
    assert not standing.served
    standing = stand(standing, probe(), answered=True, grace=True)
    assert standing.served
    assert stand(standing, probe(), answered=False, grace=False).served


@given(st.text(), st.floats(0, 1e8), st.sampled_from([1.0, 7.3, 10.0, 3600.0]))
def test_the_next_time_is_within_one_step_and_on_the_grid(key: str, now: float, between: float) -> None:
    first = due(now, phase(key), between)
    assert now < first <= now + between * 1.001
    assert due(first, phase(key), between) == pytest.approx(first + between)


def test_a_thousand_that_come_at_once_are_spread_evenly_and_stay_so() -> None:
    phases = [phase(f"slurm/{job}/{job}") for job in range(1000)]
    for now in (0.0, 123.4, 1e6):
        seconds = Counter(int(due(now, one, 10.0) - now) for one in phases)
        assert sorted(seconds) == list(range(10))
        assert max(seconds.values()) < 150


def test_what_starts_is_asked_often_at_first_and_no_oftener_than_the_recipe_says_later() -> None:
    assert step(probe(), None, 0.5) == 1
    assert step(probe(startup="30m"), None, 50) == 5
    assert step(probe(startup="30m"), None, 1000) == 10
    assert step(probe(), None, 31) == 10
    assert step(probe(interval="1h"), None, 31) == 30  # a new daemon that finds it running
    assert step(probe(interval="1h"), up=True, age=31) == 3600
    assert step(probe(), up=False, age=1) == 10


def test_when_the_clock_is_set_all_times_move_with_it_and_otherwise_none_does() -> None:
    now = [datetime(2026, 1, 1, tzinfo=UTC)]
    ledger = Ledger(lambda: now[0])
    ledger.put("t", "1", Entry(up=False, since=100.0, at=160.0, seconds=0.1, why="refused"))
    before = ledger.read("t")["1"]
    assert before.at - before.since == timedelta(seconds=60)
    assert ledger.read("t") == {"1": before}
    now[0] += timedelta(hours=1)
    after = ledger.read("t")["1"]
    assert timedelta(minutes=59) < after.since - before.since < timedelta(minutes=61)
    assert after.at - after.since == timedelta(seconds=60)
    assert ledger.read("t") == {"1": after}
    ledger.drop("t", ["1", "2"])
    assert ledger.read("t") == {}
    assert ledger.read("other") == {}
