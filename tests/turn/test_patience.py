from __future__ import annotations

from datetime import timedelta

from reconciler.errors import Next
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Observed
from reconciler.turn.patience import Patience
from tests.fakes import START, look, workload


def at(seconds: float) -> Observed:
    return Observed("fake", START + timedelta(seconds=seconds), complete=True)


def test_retries_wait_longer_each_time() -> None:
    patience = Patience()
    waits = []
    for _ in range(9):
        patience.failed("a", "d1", "no answer", Next.RETRY, START)
        waits.append(patience.next_try(START))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_refusal_is_hardly_ever_tried_again_but_at_once_when_the_spec_changes() -> None:
    patience = Patience()
    patience.failed("a", "d1", "no such partition", Next.STOP, START)
    patience.refresh([Wanted("a", 1, "d1")], at(60))
    assert patience.not_now(START + timedelta(seconds=60)) == {"a": "no such partition"}
    assert patience.not_now(START + timedelta(seconds=301)) == {}
    patience.refresh([Wanted("a", 1, "d2")], at(61))
    assert patience.not_now(START + timedelta(seconds=61)) == {}


def test_an_unanswered_write_is_waited_for() -> None:
    patience = Patience()
    patience.failed("a", "d1", "timed out", Next.WAIT, START)
    assert patience.not_now(START + timedelta(seconds=9)) == {"a": "timed out"}
    assert patience.not_now(START + timedelta(seconds=10)) == {}


def test_an_accepted_write_is_in_flight_until_a_look_shows_it() -> None:
    patience = Patience()
    patience.succeeded("a", "d1", START)
    patience.refresh([Wanted("a", 1, "d1")], look())
    assert patience.in_flight() == {"a"}
    patience.refresh([Wanted("a", 1, "d1")], look(workload("a")))
    assert patience.in_flight() == frozenset()


def test_an_accepted_write_that_never_shows_is_forgotten() -> None:
    patience = Patience()
    patience.succeeded("a", "d1", START)
    patience.refresh([Wanted("a", 1, "d1")], at(6))
    assert patience.in_flight() == frozenset()
