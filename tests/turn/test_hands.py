"""A field that somebody puts back again and again is answered ever more slowly, and they are named."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.board import Board
from reconciler.models.action import Outcome, Repair, Replace
from reconciler.models.workload import Drift
from reconciler.turn.hands import Hands
from tests.fakes import START, look, workload

DRIFT = Drift("Deployment ai/a", "/spec/replicas", "hpa")


class Ring:
    """One field that is changed and put back; `now` is the time of the last repair."""

    def __init__(self) -> None:
        self.board = Board()
        self.hands = Hands("cloud", self.board)
        self.now = START
        self.version = 0

    def round(self, pause: float = 1.0, *, again: bool = False, changed: bool = True, error: str = "") -> datetime:
        self.now += timedelta(seconds=pause)
        self.version += not again
        one = replace(workload("a"), drift=(replace(DRIFT, version=str(self.version)),))
        self.hands.see(look(one))
        self.hands.repaired([Outcome(Repair("a", 0, "", one), error, changed=changed)], self.now)
        self.hands.see(look(workload("a")))
        return self.now

    @property
    def waits(self) -> bool:
        return bool(self.hands.waiting(self.now))


def test_a_few_changes_are_put_back_at_once() -> None:
    ring = Ring()
    for _ in range(5):
        ring.round()
        assert not ring.waits
        assert not ring.hands.fights(ring.now)


def test_a_fight_is_slowed_down_and_named() -> None:
    ring, pauses = Ring(), []
    for _ in range(30):
        ring.round(pause=pauses[-1] + 0.1 if pauses else 0.1)
        pauses.append(ring.hands.next_try(ring.now) or 0.0)
    assert pauses == sorted(pauses)
    assert 250 < pauses[-1] <= 300
    (fight,) = ring.hands.fights(ring.now)["a"]
    assert (fight.drift.manager, fight.times) == ("hpa", 30)
    assert fight.until == ring.now + timedelta(seconds=pauses[-1])


def test_it_is_forgotten_when_it_is_over() -> None:
    ring = Ring()
    for _ in range(10):
        ring.round()
    assert ring.hands.fights(ring.now)
    ring.round(pause=5 * 3600)
    assert not ring.waits
    assert not ring.hands.fights(ring.now)


def test_a_fight_that_has_ended_is_not_named_any_more() -> None:
    ring = Ring()
    for _ in range(7):
        ring.round()
    assert not ring.hands.fights(ring.now + timedelta(minutes=5))


def test_a_late_look_and_a_failed_repair_count_for_nothing() -> None:
    ring = Ring()
    for _ in range(20):
        ring.round(error="quota")
        ring.round(changed=False)
    ring.round()
    for _ in range(20):
        ring.round(again=True)
    assert not ring.waits
    assert ring.board.tallies().drift["cloud", "a", "repaired"] == 1


def test_what_is_found_is_counted_once_and_a_removed_service_is_forgotten() -> None:
    ring = Ring()
    one = replace(workload("a"), drift=(DRIFT, replace(DRIFT, field="/spec/image")))
    for _ in range(3):
        ring.hands.see(look(one))
    assert ring.board.tallies().drift["cloud", "a", "found"] == 2
    for _ in range(10):
        ring.round()
    ring.hands.see(look())
    assert not ring.waits


def test_who_deletes_again_and_again_is_answered_ever_more_slowly_too() -> None:
    hands, now = Hands("cloud", Board()), START
    broken = workload("a", digest="", identity="ai/a")
    for _ in range(7):
        now += timedelta(seconds=5)
        hands.repaired([Outcome(Replace("a", 0, "", (broken,)))], now)
    assert hands.waiting(now) == {("a", "ai/a", "deleted")}
    hands.repaired([Outcome(Replace("b", 0, "", (workload("b"),)))], now)
    assert len(hands.waiting(now)) == 1
