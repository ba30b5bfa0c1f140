"""The platform's word and the daemon's own probe on one workload become one verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.health import HealthChecker
from reconciler.models.health import Health
from reconciler.models.probe import Probed
from reconciler.models.recipe import FirstRequest, HealthProbe
from reconciler.models.workload import Instance, Phase, Workload
from tests.fakes import START, look, workload
from tests.samples import recipe

PROBE = recipe().spec.health
FIRST = PROBE.model_copy(update={"first_request": FirstRequest(port="http", path="/one")})
ONE = Instance("1", "n1", up=True, endpoints=(("http", "n1:8000"),))
WEB = replace(workload("a"), instances=(ONE,))
MINUTE = timedelta(minutes=1)
BAD = Probed(up=False, since=START - MINUTE, at=START, why="GET /health: 503, expected 200 to 399")
GOOD = Probed(up=True, since=START - MINUTE, at=START)
YOUNG = replace(WEB, since=START - timedelta(seconds=10))
OLD = replace(WEB, since=START - timedelta(hours=1))


def fold(one: Workload, results: Mapping[str, Probed], probe: HealthProbe = PROBE) -> Workload:
    (folded,) = HealthChecker({"a": probe}).fold(look(one), results).workloads
    return folded


def test_what_is_good_for_both_stays_the_very_same() -> None:
    assert fold(WEB, {"1/1": GOOD}) is WEB


def test_an_endpoint_that_fails_is_degraded_since_then_and_says_which_layer_found_what() -> None:
    folded = fold(WEB, {"1/1": BAD})
    assert (folded.health, folded.unhealthy) == (Health.DEGRADED, BAD.since)
    assert folded.reason == "its HTTP probe from here fails: GET /health: 503, expected 200 to 399"


def test_one_of_several_instances_is_counted() -> None:
    two = replace(WEB, instances=(ONE, replace(ONE, name="2")))
    assert fold(two, {"1/1": GOOD, "1/2": BAD}).reason.startswith(
        "the HTTP probe from here of 1 of 2 instances fails: "
    )


@pytest.mark.parametrize("health", [Health.DEGRADED, Health.PROGRESSING, Health.UNKNOWN, Health.FAILED])
@pytest.mark.parametrize("probed", [GOOD, BAD])
def test_what_the_platform_finds_bad_stays_as_the_platform_says(health: Health, probed: Probed) -> None:
    one = replace(WEB, health=health, reason="its own")
    assert fold(one, {"1/1": probed}) is one


@pytest.mark.parametrize("age", [timedelta(seconds=10), timedelta(days=1)])
def test_an_answer_of_long_ago_counts_as_none(age: timedelta) -> None:
    stale = replace(BAD, at=START - age)
    assert fold(WEB, {"1/1": stale}) is WEB
    checker = HealthChecker({"a": PROBE})
    assert checker.answers(look(WEB), {"1/1": stale}) == {"1/1": None}
    assert checker.answers(look(WEB), {"1/1": BAD}) == {"1/1": False}


def test_an_answer_of_the_future_after_a_clock_step_still_counts() -> None:
    assert fold(WEB, {"1/1": replace(BAD, at=START + timedelta(hours=1))}).health is Health.DEGRADED


def test_a_start_is_not_done_before_its_first_request_is_answered() -> None:
    waiting = fold(YOUNG, {}, FIRST)
    assert (waiting.health, waiting.unhealthy) == (Health.PROGRESSING, None)
    assert "first request" in waiting.reason
    assert fold(YOUNG, {"1/1": GOOD}, FIRST) is YOUNG


def test_long_after_the_start_only_an_answer_counts_such_as_after_a_restart_of_the_daemon() -> None:
    assert fold(OLD, {}, FIRST) is OLD
    assert fold(YOUNG, {}) is YOUNG


def test_what_does_not_run_or_is_not_asked_is_not_touched() -> None:
    ended = replace(WEB, phase=Phase.ENDED)
    assert fold(ended, {"1/1": BAD}) is ended
    assert HealthChecker({}).fold(look(WEB), {"1/1": BAD}).workloads == (WEB,)


def test_what_runs_is_asked_with_the_start_of_its_process() -> None:
    pods = replace(workload("b"), id="ai/b", instances=(replace(ONE, name="b-x"), replace(ONE, name="b-y")))
    found = list(HealthChecker({"a": PROBE, "b": PROBE}).watched(look(WEB, pods, workload("c"))))
    assert [(one.key, one.since) for one in found] == [("1/1", START), ("ai/b/b-x", None), ("ai/b/b-y", None)]
    assert found[0].endpoints == {"http": "n1:8000"}


@given(
    st.sampled_from(Health),
    st.sampled_from(Phase),
    st.sampled_from([None, BAD, GOOD, replace(BAD, at=START - timedelta(hours=1))]),
    st.sampled_from([PROBE, FIRST]),
    st.sampled_from([YOUNG, OLD]),
)
def test_the_fold_never_makes_anything_better_and_a_second_one_changes_nothing(
    health: Health, phase: Phase, probed: Probed | None, probe: HealthProbe, one: Workload
) -> None:
    one = replace(one, health=health, phase=phase)
    results = {"1/1": probed} if probed else {}
    folded = fold(one, results, probe)
    assert folded.health.rank >= one.health.rank
    assert fold(folded, results, probe) == folded
