"""Changes over several replicas: `rollout.maxSurge` and `rollout.maxUnavailable`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.models.action import Action, Cancel, Hold, Replace
from reconciler.models.health import Health
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Phase, Workload
from reconciler.plan import Constraints, make_plan
from tests.fakes import START, look, workload


def plan(wanted: Wanted, *seen: Workload) -> tuple[Action, ...]:
    return make_plan([wanted], look(*seen), START, Constraints()).actions


def old(replica: int, health: Health = Health.HEALTHY) -> Workload:
    return workload("a", "d0", replica=replica, identity=f"old{replica}", health=health)


def new(replica: int, health: Health = Health.HEALTHY, phase: Phase = Phase.RUNNING, attempt: int = 0) -> Workload:
    return workload(
        "a", "d1", replica=replica, identity=f"new{replica}", health=health, phase=phase, generation=1, attempt=attempt
    )


def started(actions: tuple[Action, ...]) -> list[int]:
    return [action.replica for action in actions if isinstance(action, Replace)]


@pytest.mark.parametrize(
    ("surge", "unavailable", "begun"), [(1, 0, [0]), (2, 0, [0, 1]), (0, 1, [0]), (0, 3, [0, 1, 2]), (1, 1, [0, 1])]
)
def test_as_many_are_changed_at_once_as_the_roll_out_allows(surge: int, unavailable: int, begun: list[int]) -> None:
    wanted = Wanted("a", 4, "d1", surge=surge, unavailable=unavailable)
    assert started(plan(wanted, *map(old, range(4)))) == begun


def test_a_share_of_surge_ends_nothing_and_one_of_unavailable_ends_the_old_one() -> None:
    first, second = plan(Wanted("a", 4, "d1", surge=1, unavailable=1), *map(old, range(4)))
    assert isinstance(first, Replace)
    assert isinstance(second, Replace)
    assert first.old == ()
    assert second.old == (old(1),)


def test_the_next_one_follows_when_the_first_is_healthy() -> None:
    wanted = Wanted("a", 3, "d1", surge=1, unavailable=0)
    assert plan(wanted, old(0), new(0, Health.PROGRESSING), old(1), old(2)) == ()
    cancel, replace = plan(wanted, old(0), new(0), old(1), old(2))
    assert isinstance(cancel, Cancel)
    assert cancel.old == (old(0),)
    assert isinstance(replace, Replace)
    assert replace.replica == 1


@pytest.mark.parametrize("health", [Health.PENDING, Health.PROGRESSING, Health.DEGRADED])
def test_a_change_that_does_not_become_healthy_stops_there_and_the_others_stay(health: Health) -> None:
    failing = new(0, health, Phase.PENDING if health is Health.PENDING else Phase.RUNNING, attempt=3)
    assert plan(Wanted("a", 3, "d1", surge=1, unavailable=0), old(0), failing, old(1), old(2)) == ()
    assert plan(Wanted("a", 3, "d1", surge=0, unavailable=1), failing, old(1), old(2)) == ()


def test_a_failed_successor_is_tried_again_with_a_backoff_beside_the_old_one() -> None:
    failed = new(0, Health.FAILED, Phase.ENDED, attempt=2)
    (action,) = plan(Wanted("a", 1, "d1", surge=1, unavailable=0), old(0), failed)
    assert isinstance(action, Replace)
    assert (action.old, action.attempt, action.generation) == ((), 3, 2)
    assert action.delay.total_seconds() >= 8


def test_one_that_is_down_anyway_is_changed_whatever_the_budget() -> None:
    wanted = Wanted("a", 3, "d1", surge=0, unavailable=1)
    seen = (old(0), old(1, Health.DEGRADED), old(2, Health.PENDING))
    assert started(plan(wanted, *seen)) == [1, 2]


def test_going_back_ends_the_failing_successor_and_touches_nothing_else() -> None:
    failing = new(0, Health.PENDING, Phase.PENDING, attempt=4)
    (cancel,) = plan(Wanted("a", 2, "d0", surge=1, unavailable=0), old(0), failing, old(1))
    assert isinstance(cancel, Cancel)
    assert cancel.old == (failing,)


def test_without_surge_healthy_ones_end_in_turn_although_their_successors_wait_already() -> None:
    """As after a new partition in Git while the successors of a renewal were in the queue."""
    waiting = [new(number, Health.PENDING, Phase.PENDING) for number in range(3)]
    actions = plan(Wanted("a", 3, "d1", surge=0, unavailable=1, stateful=True), *map(old, range(3)), *waiting)
    assert [(type(action), action.service) for action in actions] == [(Cancel, "a")]


def test_what_is_there_twice_is_ended_whatever_else_waits() -> None:
    twice = (old(0), replace(old(0), id="again"), new(0, Health.PENDING, Phase.PENDING))
    (cancel,) = plan(Wanted("a", 1, "d1", surge=1, unavailable=0), *twice)
    assert isinstance(cancel, Cancel)
    held = make_plan([Wanted("a", 1, "d2", surge=1)], look(*twice[:2]), START, Constraints(not_now={"a": "no answer"}))
    (cancel, hold) = held.actions
    assert isinstance(cancel, Cancel)
    assert hold == Hold("a", "no answer")
