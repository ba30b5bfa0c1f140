from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.errors import Next
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Observed
from reconciler.turn.patience import Patience
from tests.fakes import START, look, workload

WANTED = Wanted("a", 1, "d1", place="p1", limit=60)


def at(seconds: float) -> Observed:
    return Observed("fake", START + timedelta(seconds=seconds), complete=True)


def after(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("then", "expected"), [(Next.RETRY, [1, 2, 4, 8, 16, 32, 60, 60, 60]), (Next.SOON, [1, 2, 4, 4, 4, 4, 4, 4, 4])]
)
def test_retries_wait_longer_each_time(then: Next, expected: list[int]) -> None:
    patience = Patience()
    waits = []
    for _ in expected:
        patience.failed(WANTED, "no answer", then, START)
        waits.append(patience.next_try(START))
    assert waits == expected


def test_retries_have_no_end() -> None:
    patience = Patience()
    for _ in range(2000):
        patience.failed(WANTED, "no answer", Next.RETRY, START)
    assert patience.next_try(START) == 60


def test_a_refusal_is_hardly_ever_tried_again_where_the_site_cannot_be_told() -> None:
    patience = Patience()
    patience.failed(WANTED, "no such partition", Next.STOP, START)
    patience.refresh([WANTED], at(60))
    assert patience.not_now(START + after(60)) == {"a": "no such partition"}
    assert patience.not_now(START + after(301)) == {}


def test_a_refusal_holds_until_the_site_changes() -> None:
    site = ["s1"]
    patience = Patience(lambda: site[0])
    patience.failed(WANTED, "no such partition", Next.STOP, START)
    for seconds in (60, 3600, 86400):
        patience.refresh([WANTED], at(seconds))
        assert patience.not_now(START + after(seconds)) == {"a": "no such partition"}
    site[0] = ""  # it cannot be asked now, which is no change
    patience.refresh([WANTED], at(90_000))
    assert patience.not_now(START + after(90_000))
    site[0] = "s2"
    patience.refresh([WANTED], at(90_030))  # asked a moment ago
    assert patience.not_now(START + after(90_030))
    patience.refresh([WANTED], at(90_061))
    assert patience.not_now(START + after(90_061)) == {}


def test_the_site_is_asked_once_a_minute_however_many_are_refused() -> None:
    asked = []

    def site() -> str:
        asked.append(1)
        return "s1"

    patience = Patience(site)
    many = [Wanted(name, 1, "d1") for name in "abcdefgh"]
    for one in many:
        patience.failed(one, "refused", Next.STOP, START)
    patience.refresh(many, at(30))
    assert len(asked) == 1
    patience.refresh(many, at(61))
    assert len(asked) == 2


def test_what_is_wanted_otherwise_is_tried_at_once() -> None:
    for other in (
        Wanted("a", 1, "d2", place="p1", limit=60),
        Wanted("a", 1, "d1", place="p2", limit=60),
        Wanted("a", 1, "d1", place="p1", limit=120),
    ):
        patience = Patience(lambda: "s1")
        patience.failed(WANTED, "refused", Next.STOP, START)
        patience.refresh([other], at(1))
        assert patience.not_now(START + after(1)) == {}


def test_an_unanswered_write_is_waited_for_from_the_first_look_on_that_had_an_answer() -> None:
    patience = Patience()
    patience.failed(WANTED, "timed out", Next.WAIT, START)
    assert patience.not_now(START + after(500)) == {"a": "timed out"}
    patience.refresh([WANTED], at(500))
    patience.refresh([WANTED], at(505))
    assert patience.not_now(START + after(509)) == {"a": "timed out"}
    assert patience.not_now(START + after(510)) == {}


def test_a_clock_that_is_set_back_by_an_hour_keeps_nothing_waiting() -> None:
    patience = Patience()
    patience.failed(WANTED, "no answer", Next.RETRY, START)
    assert patience.not_now(START - after(3600)) == {}
    patience.succeeded(WANTED, START)
    patience.refresh([WANTED], at(-3600))
    assert patience.in_flight() == frozenset()


def test_an_accepted_write_is_in_flight_until_a_look_shows_it() -> None:
    patience = Patience()
    patience.succeeded(WANTED, START)
    patience.refresh([WANTED], look())
    assert patience.in_flight() == {"a"}
    patience.refresh([WANTED], look(workload("a")))
    assert patience.in_flight() == frozenset()


def test_an_accepted_write_that_never_shows_is_forgotten() -> None:
    patience = Patience()
    patience.succeeded(WANTED, START)
    patience.refresh([WANTED], at(6))
    assert patience.in_flight() == frozenset()
