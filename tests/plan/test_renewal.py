"""Jobs end; services do not: renewal before the time limit."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.models.action import Action, Cancel, Deploy, Hold, Renew
from reconciler.models.health import Health
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Conflict, Phase, Workload
from reconciler.plan import Constraints, make_plan
from tests.fakes import START, look, workload

MINUTE = timedelta(minutes=1)
WANTED = Wanted("a", 1, "d1", lead=30 * MINUTE, surge=1)


def job(
    left: timedelta, limit: timedelta = 240 * MINUTE, generation: int = 0, health: Health = Health.HEALTHY
) -> Workload:
    one = workload("a", identity=f"j{generation}", generation=generation, health=health, deadline=START + left)
    return replace(one, limit=limit, since=START + left - limit)


def plan(*seen: Workload, wanted: Wanted = WANTED, constraints: Constraints | None = None) -> tuple[Action, ...]:
    return make_plan([wanted], look(*seen), START, constraints or Constraints()).actions


def test_it_is_renewed_in_its_lead_and_not_before() -> None:
    assert plan(job(31 * MINUTE)) == ()
    (action,) = plan(job(30 * MINUTE))
    assert isinstance(action, Renew)
    assert (action.old, action.generation, action.attempt) == ((job(30 * MINUTE),), 1, 0)


def test_a_job_shorter_than_its_lead_is_renewed_in_its_second_half() -> None:
    assert plan(job(31 * MINUTE, limit=60 * MINUTE), wanted=replace(WANTED, lead=120 * MINUTE)) == ()
    (action,) = plan(job(30 * MINUTE, limit=60 * MINUTE), wanted=replace(WANTED, lead=120 * MINUTE))
    assert isinstance(action, Renew)


@pytest.mark.parametrize("health", [Health.PENDING, Health.PROGRESSING, Health.DEGRADED, Health.UNKNOWN])
def test_the_old_one_goes_on_while_its_successor_is_not_healthy(health: Health) -> None:
    phase = Phase.PENDING if health is Health.PENDING else Phase.RUNNING
    successor = workload("a", identity="j1", generation=1, phase=phase, health=health)
    assert plan(job(5 * MINUTE), successor) == ()


def test_the_old_one_is_ended_when_its_successor_is_healthy() -> None:
    (action,) = plan(job(5 * MINUTE), job(239 * MINUTE, generation=1))
    assert isinstance(action, Cancel)
    assert action.old == (job(5 * MINUTE),)


def test_a_successor_that_failed_is_tried_again_with_a_backoff() -> None:
    failed = workload("a", identity="j1", generation=1, phase=Phase.ENDED, health=Health.FAILED, attempt=1, reason="x")
    (action,) = plan(job(20 * MINUTE), failed)
    assert isinstance(action, Renew)
    assert (action.attempt, action.generation) == (2, 2)
    assert action.delay >= timedelta(seconds=4)


def test_failures_of_the_job_before_do_not_delay_a_renewal() -> None:
    failed = workload("a", identity="j0", phase=Phase.ENDED, health=Health.FAILED, attempt=7)
    (action,) = plan(failed, job(20 * MINUTE, generation=1))
    assert isinstance(action, Renew)
    assert (action.attempt, action.delay) == (0, timedelta())


def test_any_number_of_generations() -> None:
    running = job(239 * MINUTE)
    for generation in range(1, 200):
        old = replace(running, deadline=START + 10 * MINUTE)
        (action,) = plan(old)
        assert isinstance(action, Renew)
        assert action.generation == generation
        running = job(239 * MINUTE, generation=generation)
        (cancel,) = plan(old, running)
        assert isinstance(cancel, Cancel)


def test_what_is_waited_for_before_a_start_does_not_keep_from_renewing() -> None:
    (action,) = plan(job(20 * MINUTE), wanted=replace(WANTED, depends_on=("db",)))
    assert isinstance(action, Renew)
    assert plan(job(20 * MINUTE), constraints=Constraints(not_now={"a": "no answer"})) == ()
    (hold,) = plan(wanted=replace(WANTED, depends_on=("db",)))
    assert isinstance(hold, Hold)


def test_a_stateful_successor_waits_in_the_queue_and_the_old_one_is_left_alone() -> None:
    wanted = replace(WANTED, stateful=True, surge=0)
    (action,) = plan(job(20 * MINUTE), wanted=wanted)
    assert isinstance(action, Renew)
    waiting = workload("a", identity="j1", generation=1, phase=Phase.PENDING, health=Health.PENDING)
    assert plan(job(1 * MINUTE), waiting, wanted=wanted) == ()


def test_a_job_that_slurm_requeued_is_the_same_job() -> None:
    requeued = workload("a", phase=Phase.PENDING, health=Health.PENDING)
    assert plan(requeued) == ()


def test_one_that_would_never_start_is_ended_and_started_anew_later() -> None:
    stuck = replace(workload("a", phase=Phase.PENDING, health=Health.FAILED, reason="requeued too often"), stuck=True)
    cancel, deploy = plan(stuck)
    assert isinstance(cancel, Cancel)
    assert isinstance(deploy, Deploy)
    assert (deploy.attempt, deploy.generation) == (1, 1)


def test_a_stuck_successor_does_not_keep_a_running_job_from_being_renewed() -> None:
    stuck = replace(
        workload("a", identity="j1", generation=1, phase=Phase.PENDING, health=Health.FAILED, reason="never"),
        stuck=True,
    )
    cancel, renew = plan(job(10 * MINUTE), stuck)
    assert isinstance(cancel, Cancel)
    assert cancel.old == (stuck,)
    assert isinstance(renew, Renew)
    assert (renew.attempt, renew.generation) == (1, 2)


def test_a_stop_that_hangs_is_ended_by_force_after_its_grace() -> None:
    stopping = replace(workload("a", phase=Phase.STOPPING), stopping=START - timedelta(seconds=89))
    assert plan(stopping) == ()
    late = replace(stopping, stopping=START - timedelta(seconds=91))
    (action,) = plan(late)
    assert isinstance(action, Cancel)


def test_nothing_is_started_beside_a_job_that_may_be_ours() -> None:
    seen = replace(look(), conflicts=(Conflict("a", "job 7 has its name", replica=0),))
    (hold,) = make_plan([WANTED], seen, START, Constraints()).actions
    assert hold == Hold("a", "job 7 has its name")
    other = replace(look(), conflicts=(Conflict("a", "job 7 of another factory"),))
    (deploy,) = make_plan([WANTED], other, START, Constraints()).actions
    assert isinstance(deploy, Deploy)
