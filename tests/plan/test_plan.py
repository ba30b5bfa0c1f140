from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.models.action import Action, Cancel, Deploy, Hold, Renew, Replace, Restart
from reconciler.models.health import Health
from reconciler.models.wanted import Removals, Wanted
from reconciler.models.workload import Observed, Phase
from reconciler.plan import Constraints, make_plan
from tests.fakes import START, look, workload


def plan(wanted: list[Wanted], seen: Observed, constraints: Constraints | None = None) -> tuple[Action, ...]:
    return make_plan(wanted, seen, START, constraints or Constraints()).actions


def test_what_is_not_there_is_deployed() -> None:
    assert plan([Wanted("a", 2, "d1")], look()) == (Deploy("a", 0, "not there"), Deploy("a", 1, "not there"))


def test_what_is_there_is_left_alone() -> None:
    assert plan([Wanted("a", 1, "d1")], look(workload("a"))) == ()


@pytest.mark.parametrize("phase", [Phase.PENDING, Phase.STOPPING])
def test_what_is_coming_or_going_is_waited_for(phase: Phase) -> None:
    assert plan([Wanted("a", 1, "d1")], look(workload("a", phase=phase, health=Health.PENDING))) == ()


def test_other_content_is_replaced_and_the_old_one_ended() -> None:
    old = workload("a", "d0")
    (action,) = plan([Wanted("a", 1, "d1")], look(old))
    assert isinstance(action, Replace)
    assert action.old == (old,)
    assert action.generation == 1


def test_with_surge_a_healthy_old_one_goes_on_until_its_successor_is_healthy() -> None:
    wanted = Wanted("a", 1, "d1", surge=1)
    old = workload("a", "d0")
    (action,) = plan([wanted], look(old))
    assert isinstance(action, Replace)
    assert action.old == ()
    starting = workload("a", identity="2", generation=1, health=Health.PROGRESSING)
    assert plan([wanted], look(old, starting)) == ()
    (cancel,) = plan([wanted], look(old, workload("a", identity="2", generation=1)))
    assert isinstance(cancel, Cancel)
    assert cancel.old == (old,)


def test_with_surge_a_sick_old_one_is_ended_at_once() -> None:
    old = workload("a", "d0", health=Health.DEGRADED)
    (action,) = plan([Wanted("a", 1, "d1", surge=1)], look(old))
    assert isinstance(action, Replace)
    assert action.old == (old,)


def test_a_superseded_successor_does_not_stay() -> None:
    healthy, stuck = workload("a", "d0"), workload("a", "d1", identity="2", generation=1, health=Health.PENDING)
    (action,) = plan([Wanted("a", 1, "d2", surge=1)], look(healthy, stuck))
    assert isinstance(action, Replace)
    assert action.old == (stuck,)
    assert action.generation == 2


def test_a_new_value_of_restart_restarts_once() -> None:
    wanted = Wanted("a", 1, "d1", restart="r2")
    (action,) = plan([wanted], look(workload("a", restart="r1")))
    assert isinstance(action, Restart)
    assert plan([wanted], look(workload("a", restart="r2"))) == ()


def test_taking_restart_away_restarts_nothing() -> None:
    assert plan([Wanted("a", 1, "d1")], look(workload("a", restart="r1"))) == ()


def test_suspended_ends_everything_and_starts_nothing() -> None:
    wanted = Wanted("a", 2, "d1", suspended="suspended in Git")
    (action,) = plan([wanted], look(workload("a")))
    assert isinstance(action, Cancel)
    assert not action.removal
    assert plan([wanted], look()) == ()


def test_fewer_replicas_end_the_last_ones() -> None:
    seen = look(*(workload("a", replica=number, identity=str(number)) for number in range(3)))
    (action,) = plan([Wanted("a", 2, "d1")], seen)
    assert isinstance(action, Cancel)
    assert action.replica == 2


def test_of_two_that_are_the_same_one_is_ended() -> None:
    first, second = workload("a", identity="1"), workload("a", identity="2", health=Health.PROGRESSING)
    (action,) = plan([Wanted("a", 1, "d1")], look(first, second))
    assert isinstance(action, Cancel)
    assert action.old == (second,)


def test_dependencies_are_waited_for() -> None:
    wanted = [Wanted("a", 1, "d1", depends_on=("db",))]
    assert plan(wanted, look()) == (Hold("a", "waits for db to be healthy (dependsOn)"),)
    assert plan(wanted, look(), Constraints(ready=frozenset({"db"}))) == (Deploy("a", 0, "not there"),)


def test_what_is_blocked_is_neither_started_nor_replaced() -> None:
    wanted = [Wanted("a", 1, "", blocked="cannot be rendered")]
    assert plan(wanted, look(workload("a"))) == (Hold("a", "cannot be rendered"),)
    assert plan(wanted, look()) == (Hold("a", "cannot be rendered"),)


def test_a_failed_one_waits_longer_each_time() -> None:
    delays = []
    for attempt in range(4):
        ended = workload("a", phase=Phase.ENDED, health=Health.FAILED, attempt=attempt, reason="exit code 1", lasted=3)
        (action,) = plan([Wanted("a", 1, "d1")], look(ended))
        assert isinstance(action, Deploy)
        assert action.attempt == attempt + 1
        assert "exit code 1" in action.reason
        delays.append(action.delay)
    assert delays == sorted(delays)
    assert timedelta(seconds=2) <= delays[0] <= timedelta(seconds=2.4)


def test_the_wait_has_a_cap() -> None:
    ended = workload("a", phase=Phase.ENDED, health=Health.FAILED, attempt=10_000)
    (action,) = plan([Wanted("a", 1, "d1")], look(ended))
    assert isinstance(action, Deploy)
    assert action.delay <= timedelta(seconds=360)


@pytest.mark.parametrize(
    ("health", "lasted", "digest"),
    [(Health.DEGRADED, 1.0, "d1"), (Health.FAILED, 900.0, "d1"), (Health.FAILED, 1.0, "d0")],
    ids=["the site's doing", "ran long", "other content"],
)
def test_no_backoff_when_it_was_no_failure_of_this_content(health: Health, lasted: float, digest: str) -> None:
    ended = workload("a", digest, phase=Phase.ENDED, health=health, attempt=3, lasted=lasted)
    (action,) = plan([Wanted("a", 1, "d1")], look(ended))
    assert isinstance(action, Deploy)
    assert (action.attempt, action.delay) == (0, timedelta())


def test_a_job_close_to_its_limit_is_renewed_once() -> None:
    wanted = [Wanted("a", 1, "d1", lead=timedelta(minutes=30))]
    old = workload("a", deadline=START + timedelta(minutes=20))
    (action,) = plan(wanted, look(old))
    assert isinstance(action, Renew)
    assert action.generation == 1
    successor = workload("a", identity="2", generation=1, phase=Phase.PENDING, health=Health.PENDING)
    assert plan(wanted, look(old, successor)) == ()


def test_what_nobody_wants_goes_only_when_allowed() -> None:
    seen = look(workload("gone"))
    assert plan([], seen) == (Hold("gone", "its removal is not allowed yet"),)
    assert plan([], seen, Constraints(Removals(held={"gone": "say so"}))) == (Hold("gone", "say so"),)
    (action,) = plan([], seen, Constraints(Removals(frozenset({"gone"}))))
    assert isinstance(action, Cancel)
    assert action.removal


def test_a_name_whose_file_is_bad_is_not_a_removal() -> None:
    constraints = Constraints(Removals(frozenset({"a"})), held={"a": "its file is bad"})
    assert plan([], look(workload("a")), constraints) == (Hold("a", "its file is bad"),)
