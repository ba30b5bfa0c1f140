"""What a line says of instances, crash loops and since when a service is unhealthy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.health import judge
from reconciler.models.action import Plan
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, State
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Instance, Phase, Workload
from tests.fakes import START, look, workload
from tests.samples import recipe, resolved, service

ONE = Instance("1", "n1", up=True, endpoints=(("http", "n1:8000"),))


def line(
    *seen: Workload,
    before: ServiceStatus | None = None,
    answers: Mapping[str, bool | None] | None = None,
    complete: bool = True,
    at: datetime = START,
) -> ServiceStatus:
    known = {"a": before} if before else {}
    wanted = [(resolved("a"), Wanted("a", 1, "d1"))]
    looked = replace(look(*seen, complete=complete), at=at)
    (made,) = judge(wanted, looked, Plan("fake"), {}, known, answers=answers or {})
    return made


def test_instances_are_up_when_both_the_platform_and_the_probe_say_so() -> None:
    one = replace(workload("a"), instances=(ONE,))
    for answer, up in ((True, True), (None, True), (False, False)):
        (serving,) = line(one, answers={"1/1": answer}).serving
        assert (serving.up, serving.answers, serving.workload, serving.replica) == (up, answer, "1", 0)
    (serving,) = line(replace(one, instances=(replace(ONE, up=False),))).serving
    assert (serving.up, serving.answers) == (False, None)


def test_during_a_renewal_both_serve_the_newest_first() -> None:
    old = replace(workload("a"), instances=(ONE,))
    new = replace(workload("a", identity="2", generation=1), instances=(replace(ONE, name="2"),))
    assert [one.workload for one in line(old, new).serving] == ["2", "1"]


def test_where_it_served_is_kept_while_the_target_is_not_seen() -> None:
    known = line(replace(workload("a"), instances=(ONE,)))
    lost = line(before=known, complete=False)
    assert (lost.state, lost.serving) == (State.UNKNOWN, known.serving)


def test_labels_and_where_it_exports_metrics_and_how_it_is_asked_are_told() -> None:
    one = resolved("a", of=recipe(metrics={"port": "http"}))
    labelled = service("a").metadata.model_copy(update={"labels": {"team": "nlp"}})
    one = replace(one, service=one.service.model_copy(update={"metadata": labelled}))
    (made,) = judge([(one, Wanted("a", 1, "d1"))], look(workload("a")), Plan("fake"), {}, {})
    assert made.labels == {"team": "nlp"}
    assert made.scrape is not None
    assert made.scrape.port == "http"
    assert made.probe is one.recipe.spec.health


def test_a_third_attempt_is_a_crash_loop_and_a_second_is_not() -> None:
    for attempt, loops in ((2, False), (3, True)):
        waits = line(workload("a", phase=Phase.PENDING, health=Health.PENDING, attempt=attempt))
        assert waits.looping is loops
        assert waits.why.startswith("crash loop: ") is loops
        starting = line(workload("a", health=Health.PROGRESSING, reason="starting", attempt=attempt))
        assert starting.why == ("crash loop: attempt 3; starting" if loops else "starting")
    assert not line(workload("a", attempt=5)).looping


def test_between_two_attempts_it_is_one_still() -> None:
    ended = workload("a", phase=Phase.ENDED, health=Health.FAILED, attempt=2, reason="exit code 1")
    assert line(ended).looping
    assert not line(replace(ended, health=Health.DEGRADED)).looping


def test_pods_that_the_platform_starts_again_and_again_are_one() -> None:
    pods = workload("a", phase=Phase.PENDING, health=Health.DEGRADED, reason="CrashLoopBackOff: last: exit code 1")
    made = line(replace(pods, restarts=4))
    assert made.looping
    assert made.why == "crash loop: attempt 4; CrashLoopBackOff: last: exit code 1"
    assert not line(replace(workload("a"), restarts=4)).looping


def test_unhealthy_is_since_the_workload_says_or_since_it_was_seen_to_turn() -> None:
    sick = replace(workload("a", health=Health.DEGRADED), unhealthy=START - timedelta(minutes=3))
    assert line(sick).unhealthy == START - timedelta(minutes=3)
    good, bad = workload("a"), workload("a", health=Health.DEGRADED)
    assert line(bad).unhealthy is None
    turned = line(bad, before=line(good))
    assert turned.unhealthy == START
    later = line(bad, before=turned, at=START + timedelta(minutes=1))
    assert later.unhealthy == START
    lost = line(before=later, complete=False, at=START + timedelta(minutes=2))
    assert line(bad, before=lost, at=START + timedelta(minutes=3)).unhealthy == START
    assert line(good, before=later, at=START + timedelta(minutes=2)).unhealthy is None
