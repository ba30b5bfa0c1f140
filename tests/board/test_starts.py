"""Waits in a queue and starts, from looks at a target."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.board import Board, Histogram
from reconciler.board.tallies import START_BUCKETS, WAIT_BUCKETS
from reconciler.models.action import Plan
from reconciler.models.health import Health
from reconciler.models.status import View
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Mark, Observed, PendingClass, Phase, Workload
from tests.fakes import START
from tests.samples import recipe, resolved


def at(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def job(
    phase: Phase, health: Health, since: float, submitted: float = 0, digest: str = "d1", identity: str = "1"
) -> Workload:
    one = Workload("fake", identity, Mark("o", "a", 0, digest, revision="abc"), phase, health, since=START + at(since))
    pending = PendingClass.WAITING if phase is Phase.PENDING else None
    return replace(one, pending=pending, submitted=START + at(submitted))


def queued(since: float = 0, submitted: float = 0) -> Workload:
    return job(Phase.PENDING, Health.PENDING, since, submitted)


def starting(since: float, submitted: float = 0, digest: str = "d1") -> Workload:
    return job(Phase.RUNNING, Health.PROGRESSING, since, submitted, digest)


def well(since: float, submitted: float = 0, digest: str = "d1") -> Workload:
    return job(Phase.RUNNING, Health.HEALTHY, since, submitted, digest)


class Room:
    """Posts looks to a board."""

    def __init__(self) -> None:
        self.board = Board()

    def look(self, seconds: float, *seen: Workload, complete: bool = True, of: str = "web") -> None:
        services = ((resolved("a", of=recipe(of)), Wanted("a", 1, "d1")),) if of else ()
        observed = Observed("fake", START + at(seconds), complete, workloads=seen)
        self.board.post_view(View("fake", services, observed, Plan("fake")))

    @property
    def waits(self) -> tuple[int, float]:
        return self.tally(self.board.tallies().waits.get("fake", Histogram(WAIT_BUCKETS)))

    @property
    def starts(self) -> tuple[int, float]:
        return self.tally(self.board.tallies().starts.get(("fake", "web"), Histogram(START_BUCKETS)))

    @staticmethod
    def tally(one: Histogram) -> tuple[int, float]:
        return one.count, one.total


@pytest.fixture
def room() -> Room:
    return Room()


def test_a_job_from_the_queue_to_health(room: Room) -> None:
    room.look(0)
    room.look(10, queued())
    room.look(100, starting(90))
    assert (room.waits, room.starts) == ((1, 90), (0, 0))
    room.look(120, starting(90))
    room.look(150, well(90))
    room.look(180, well(90))
    assert (room.waits, room.starts) == ((1, 90), (1, 60))


def test_a_job_that_is_healthy_at_the_next_look(room: Room) -> None:
    room.look(0)
    room.look(30, well(10, submitted=4))
    assert (room.waits, room.starts) == ((1, 6), (1, 20))


def test_what_was_there_before_the_daemon_is_not_counted_but_a_wait_that_goes_on_is(room: Room) -> None:
    room.look(1000, starting(10), replace(queued(submitted=500), id="2"))
    room.look(1030, well(10), replace(starting(1020, submitted=500), id="2"))
    assert (room.waits, room.starts) == ((1, 520), (0, 0))


def test_what_recovers_has_not_started(room: Room) -> None:
    room.look(0)
    room.look(10, well(5))
    room.look(20, job(Phase.RUNNING, Health.DEGRADED, 5))
    room.look(30, well(5))
    assert room.starts == (1, 5)


def test_a_job_that_slurm_puts_back_waits_and_starts_once_more(room: Room) -> None:
    room.look(0)
    room.look(10, well(5))
    room.look(20, queued(submitted=15))
    room.look(40, starting(35, submitted=15))
    room.look(50, well(35, submitted=15))
    assert (room.waits, room.starts) == ((2, 25), (2, 20))


def test_on_kubernetes_a_changed_content_is_a_start_of_the_same_workload(room: Room) -> None:
    room.look(0)
    pending = replace(queued(), pending=None)
    room.look(10, pending)
    room.look(40, well(35))
    assert (room.waits, room.starts) == ((1, 10), (1, 30))
    room.look(100, starting(35, digest="d2"))
    room.look(125, well(35, digest="d2"))
    assert (room.waits, room.starts) == ((1, 10), (2, 55))


def test_a_look_that_is_not_whole_says_nothing(room: Room) -> None:
    room.look(0)
    room.look(10, starting(5))
    room.look(20, complete=False)
    room.look(30, well(5))
    assert room.starts == (1, 25)


def test_a_clock_that_is_set_makes_nothing_negative(room: Room) -> None:
    room.look(0)
    room.look(10, starting(200, submitted=500))
    room.look(-900, well(200, submitted=500))
    assert (room.waits, room.starts) == ((1, 0), (1, 0))


def test_starts_of_a_recipe_that_nothing_is_made_from_are_forgotten(room: Room) -> None:
    room.look(0)
    room.look(10, well(5))
    room.look(20, of="other")
    assert room.starts == (0, 0)
