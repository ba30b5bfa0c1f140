"""What can be put right on a living job is changed there, so that it keeps its place in the queue."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from reconciler.models.action import Action, Amend, Replace
from reconciler.models.health import Health
from reconciler.models.wanted import Wanted
from reconciler.models.workload import PendingClass, Phase, Workload
from reconciler.plan import Constraints, make_plan
from tests.fakes import START, look, workload

HOUR = timedelta(hours=1)
WANTED = Wanted("a", 1, "d1", lead=HOUR / 2, surge=1, place="p1", limit=4 * 3600)


def job(phase: Phase, *, place: str = "p1", limit: int = 4 * 3600, run: timedelta = HOUR) -> Workload:
    health = Health.PENDING if phase is Phase.PENDING else Health.HEALTHY
    one = workload("a", phase=phase, health=health)
    one = replace(one, mark=replace(one.mark, place=place, limit=limit), limit=timedelta(seconds=limit))
    if phase is Phase.RUNNING:
        return replace(one, since=START - run, deadline=START - run + timedelta(seconds=limit))
    return one


def plan(one: Workload, wanted: Wanted = WANTED, closes: datetime | None = None) -> tuple[Action, ...]:
    seen = replace(look(one), closes=closes)
    return make_plan([wanted], seen, START, Constraints()).actions


@pytest.mark.parametrize("phase", [Phase.PENDING, Phase.RUNNING])
def test_what_is_right_is_left_alone(phase: Phase) -> None:
    assert plan(job(phase)) == ()


@pytest.mark.parametrize("old", [{"place": "p0"}, {"limit": 3600}, {"place": "p0", "limit": 8 * 3600}])
def test_a_waiting_job_is_changed_where_it_is(old: dict[str, str | int]) -> None:
    waiting = job(Phase.PENDING, **old)  # type: ignore[arg-type]  # two keywords of two types
    (action,) = plan(waiting)
    assert isinstance(action, Amend)
    assert (action.old, action.limit) == (waiting, 4 * HOUR)
    assert (action.mark.place, action.mark.limit) == ("p1", 4 * 3600)
    assert plan(replace(waiting, mark=action.mark, limit=action.limit)) == ()


def test_the_limit_of_a_running_job_is_lowered() -> None:
    running = job(Phase.RUNNING, limit=8 * 3600)
    (action,) = plan(running)
    assert isinstance(action, Amend)
    assert (action.limit, action.mark) == (4 * HOUR, running.mark)
    assert plan(replace(running, limit=4 * HOUR, deadline=START + 3 * HOUR)) == ()


def test_a_raised_limit_begins_with_the_next_job() -> None:
    assert plan(job(Phase.RUNNING, limit=2 * 3600, run=HOUR / 2)) == ()


def test_a_limit_is_not_lowered_so_far_that_no_time_is_left_for_a_successor() -> None:
    assert plan(job(Phase.RUNNING, limit=8 * 3600, run=3.6 * HOUR)) == ()


def test_limits_are_compared_as_slurm_rounds_them() -> None:
    wanted = replace(WANTED, limit=90)
    one = job(Phase.RUNNING, limit=90, run=timedelta(seconds=10))
    rounded = replace(one, limit=timedelta(minutes=2), deadline=START + timedelta(seconds=110))
    assert plan(rounded, replace(wanted, lead=None)) == ()


def test_a_running_job_moves_to_another_partition_by_a_successor() -> None:
    (action,) = plan(job(Phase.RUNNING, place="p0"))
    assert isinstance(action, Replace)
    assert "partition" in action.reason


def test_a_mark_that_was_damaged_is_written_again() -> None:
    for phase in (Phase.PENDING, Phase.RUNNING):
        damaged = replace(job(phase), marked=False)
        (action,) = plan(damaged)
        assert isinstance(action, Amend)
        assert (action.mark, action.limit) == (damaged.mark, None)


def test_a_job_that_would_run_into_a_maintenance_is_shortened_once() -> None:
    waiting = replace(job(Phase.PENDING), pending=PendingClass.RESERVED)
    (action,) = plan(waiting, closes=START + 2 * HOUR)
    assert isinstance(action, Amend)
    assert action.limit == timedelta(minutes=96)
    assert action.mark == waiting.mark
    shorter = replace(waiting, limit=action.limit)
    assert plan(shorter, closes=START + 2 * HOUR) == ()
    assert plan(shorter, closes=START + 1.7 * HOUR) == ()


@pytest.mark.parametrize(
    ("closes", "pending"),
    [
        (None, PendingClass.RESERVED),
        (START + 5 * HOUR, PendingClass.RESERVED),
        (START + 2 * HOUR, PendingClass.WAITING),
    ],
    ids=["no maintenance", "it ends before", "it waits for something else"],
)
def test_otherwise_it_keeps_its_limit(closes: datetime | None, pending: PendingClass) -> None:
    assert plan(replace(job(Phase.PENDING), pending=pending), closes=closes) == ()


def test_a_maintenance_that_is_too_close_is_waited_for() -> None:
    waiting = replace(job(Phase.PENDING), pending=PendingClass.RESERVED)
    assert plan(waiting, closes=START + HOUR / 2) == ()
