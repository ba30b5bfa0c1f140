"""The story of a service, from a table, a look and a plan that are written down here."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.explain import Story, tell, unknown
from reconciler.explain.advice import CAUSE_ADVICE, PENDING_ADVICE
from reconciler.health import judge
from reconciler.models.action import Action, Amend, Cancel, Deploy, Hold, Plan, Renew, Replace
from reconciler.models.health import Health
from reconciler.models.recipe import HealthProbe
from reconciler.models.status import Status, View
from reconciler.models.wanted import ResolvedService, Wanted
from reconciler.models.workload import Cause, Observed, PendingClass, Phase, Workload
from tests.fakes import START, look, workload
from tests.samples import recipe, resolved

WANTED = Wanted("a", 1, "d1", lead=timedelta(minutes=30), limit=14400)
HOUR = timedelta(hours=1)


def story(
    seen: Observed,
    *actions: Action,
    wanted: Wanted | None = WANTED,
    service: ResolvedService | None = None,
    errors: dict[str, str] | None = None,
) -> Story:
    pairs = ((service or resolved("a"), wanted),) if wanted else ()
    plan = Plan("fake", actions)
    view = View("fake", pairs, seen, plan, errors or {})
    lines = judge(pairs, seen, plan, view.errors, {})
    (one,) = tell(Status(services=lines), [view], "a", START)
    return one


def waits(kind: PendingClass, reason: str = "", **more: int) -> Workload:
    one = workload("a", identity="9", phase=Phase.PENDING, health=Health.PENDING, reason=reason, **more)
    return replace(one, pending=kind)


def test_what_runs_what_ended_and_what_is_to_come() -> None:
    runs = replace(workload("a", identity="2", deadline=START + 2 * HOUR), limit=4 * HOUR)
    ended = [
        replace(workload("a", identity=str(number), phase=Phase.ENDED), since=START + timedelta(seconds=number))
        for number in range(10, 20)
    ]
    told = story(look(*ended, runs))
    assert [one.id for one in told.there] == ["2"]
    assert [one.id for one in told.ended] == ["19", "18", "17", "16", "15"]
    assert told.coming == (
        "submits the successor of 2 at 01:30 UTC, in 1h30m (30m before its time limit); it takes over before it ends",
    )
    assert (told.waits, told.advice) == ((), ())


def test_the_successor_of_a_short_job_comes_in_its_second_half() -> None:
    runs = replace(workload("a", deadline=START + timedelta(minutes=10)), limit=timedelta(minutes=20))
    (coming,) = story(look(runs)).coming
    assert "at 00:00:00 UTC, 0s ago (10m before its time limit)" in coming


@pytest.mark.parametrize(
    ("stateful", "health", "words"),
    [
        (False, Health.PROGRESSING, "2 takes over from 1 once it is healthy; then 1 is ended"),
        (False, Health.HEALTHY, "2 has taken over from 1, which is ended"),
        (True, Health.PENDING, "2 starts when 1 is gone, as its data must not be used by two at once"),
    ],
)
def test_a_hand_over_under_way(stateful: bool, health: Health, words: str) -> None:
    new = workload("a", identity="2", generation=1, health=health)
    assert story(look(workload("a"), new), wanted=replace(WANTED, stateful=stateful)).coming == (words,)


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (Deploy("a", 0, "not there"), "starts replica 0: not there"),
        (Replace("a", 0, "differs", (workload("a"),)), "starts replica 0 anew: differs"),
        (Renew("a", 0, "1h left", (workload("a"),)), "submits a successor for replica 0: 1h left"),
        (Amend("a", 0, "lowered", workload("a"), workload("a").mark), "changes 1 in place: lowered"),
        (Cancel("a", 0, "a duplicate", (workload("a"), workload("a", identity="7"))), "ends 1, 7: a duplicate"),
    ],
)
def test_what_the_last_turn_decided(action: Action, words: str) -> None:
    assert story(look(), action).coming == (words,)


def test_what_is_waited_for_and_since_when() -> None:
    job = replace(
        waits(PendingClass.WAITING, "waiting: for its begin time (BeginTime)", attempt=3),
        expected=START + timedelta(seconds=90),
        since=START - timedelta(minutes=2),
    )
    told = story(look(job), Hold("a", "waits for db to be healthy (dependsOn)"))
    assert told.waits == (
        "9: waiting: for its begin time (BeginTime); expected to start at 00:01:30 UTC; since 23:58:00 UTC, 2m ago",
        "nothing is changed for now: waits for db to be healthy (dependsOn)",
    )
    assert told.coming == ("9 is attempt 3 and begins at 00:01:30 UTC, in 1m30s",)


def test_a_refusal_is_told_once_with_what_helps() -> None:
    told = story(look(), Hold("a", "no such partition"), errors={"a": "no such partition"})
    assert told.waits == ("nothing more is written for now, as the last write failed: no such partition",)
    assert told.advice == ("change desired/a.yaml: what is refused is tried again when it or the site changes",)


def test_what_a_person_can_do_about_each_class_of_waiting() -> None:
    assert story(look(waits(PendingClass.HELD))).advice[0].startswith("`scontrol release 9` frees it")
    assert story(look(waits(PendingClass.WAITING))).advice == ()
    closing = replace(look(waits(PendingClass.RESERVED)), closes=START + 3 * HOUR)
    assert "the site closes at 03:00 UTC: a job that would end before that may start now" in story(closing).advice


@pytest.mark.parametrize(
    ("models", "mounts", "told"),
    [
        ("/models/a", [], True),
        ("/models/a", [{"claim": "m", "path": "/model"}], True),
        ("/models/a", [{"claim": "m", "path": "/models"}], False),
        ("/models", [{"claim": "m", "path": "/models"}], False),
        ("s3://models", [], False),
        ("/cache/a", [], False),
    ],
)
def test_a_pod_that_ends_again_and_again_without_the_files_that_it_was_told_to_read(
    models: str, mounts: list[dict[str, str]], told: bool
) -> None:
    where = {"type": "string", "path": "folder", "description": "Models."}
    reads = recipe(parameters={"models": where}, storage={"cache": {"path": "/cache", "size": "1Gi"}})
    service = resolved("a", of=reads, config={"models": models}, kubernetes={"mounts": mounts})
    loops = replace(workload("a", health=Health.DEGRADED), reason="CrashLoopBackOff: back-off 10s")
    advice = f"`config.models` is {models}: mount the claim that has it (`spec.kubernetes.mounts`)"
    given = story(look(loops), service=service).advice
    assert given[0] == "read what it wrote last: `reconciler logs a --previous`"
    assert (advice in given) is told
    assert advice not in story(look(workload("a", health=Health.DEGRADED)), service=service).advice


def test_what_a_person_can_do_about_the_last_end_until_it_is_well_again() -> None:
    ended = replace(workload("a", phase=Phase.ENDED, health=Health.FAILED), cause=Cause.MEMORY)
    assert story(look(ended)).advice == ("raise `spec.resources.memory`",)
    assert story(look(ended, workload("a", identity="2"))).advice == ()


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (
            "90s",
            "after 1m30s of that it is restarted (`health.restartAfter` in its recipe); a new value of `restart` in",
        ),
        (None, "nothing restarts it (`health.restartAfter` in its recipe); a new value of `restart` in"),
    ],
)
def test_what_becomes_of_what_is_not_healthy_any_more(after: str | None, words: str) -> None:
    service = resolved("a")
    spec = service.recipe.spec
    health = HealthProbe.model_validate(
        spec.health.model_dump(mode="json", exclude_unset=True) | {"restartAfter": after}
    )
    recipe = service.recipe.model_copy(update={"spec": spec.model_copy(update={"health": health})})
    bad = replace(workload("a", health=Health.DEGRADED), unhealthy=START)
    told = story(look(bad), service=replace(service, recipe=recipe))
    assert any(one.startswith(words) for one in told.advice), told.advice


def test_there_is_an_advice_or_none_for_every_cause_and_every_class() -> None:
    assert set(CAUSE_ADVICE) == set(Cause)
    assert set(PENDING_ADVICE) == set(PendingClass)


def test_suspended_frozen_and_unseen() -> None:
    asleep = story(look(), wanted=replace(WANTED, suspended="suspended in Git"), service=resolved("a", suspend=True))
    assert asleep.advice == ("set `suspend: false` in desired/a.yaml to start it",)
    frozen = story(look(workload("a")), service=replace(resolved("a"), frozen="the file is bad"))
    assert frozen.advice == ("mend desired/a.yaml: until then an older version of it is in force",)
    blind = story(look(complete=False))
    assert (blind.blind, blind.coming) == ("cut", ())
    assert blind.advice == ("wait: nothing is started or ended on a target that does not answer",)


def test_what_nobody_wants_any_more_has_a_story_until_it_is_gone() -> None:
    told = story(look(workload("a")), Hold("a", "needs leave"), wanted=None)
    assert (told.resolved, told.waits) == (None, ("nothing is changed for now: needs leave",))


def test_a_name_that_nobody_knows() -> None:
    (line,) = judge([(resolved("search"), Wanted("search", 1, "d1"))], look(), Plan("fake"), {}, {})
    status = Status(services=(line,))
    assert tell(status, [], "serch", START) == ()
    assert unknown(status, "serch") == "there is no service serch; did you mean search?"
    lists = "`reconciler status` lists all, `reconciler data list` what others left"
    assert unknown(status, "x\x1b[2J") == f"there is no service x\\x1b[2J; {lists}"


def test_a_service_of_which_no_target_knows_has_its_line_only() -> None:
    (line,) = judge([(resolved("a"), WANTED)], look(), Plan("fake"), {}, {})
    (one,) = tell(Status(services=(replace(line, target=""),)), [], "a", START)
    assert (one.looked, one.there, one.wanted) == (None, (), None)
