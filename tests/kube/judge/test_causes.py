"""Verdicts on the objects of a service and what events say of them → one verdict."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.kube.judge.verdict import Stage, Verdict
from reconciler.kube.look.causes import TELLING, Said, explained, fold, said, silence
from reconciler.kube.look.groups import workload
from reconciler.kube.look.seen import Seen
from reconciler.kube.marks import Stamp
from reconciler.models.health import Health
from reconciler.models.workload import Mark, PendingClass, Phase

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_WELL = Verdict(Phase.RUNNING, Health.HEALTHY)
_SLOW = Verdict(Phase.PENDING, Health.PROGRESSING, "0 of 1 replicas are available")
_STARTING = Verdict(Phase.PENDING, Health.PROGRESSING)


def _seen(kind: str, verdict: Verdict = _WELL, name: str = "a", *, child: bool = False) -> Seen:
    stamp = Stamp(Mark("factory", "a", 0, "" if child else "d1"), 0 if child else 3)
    return Seen(kind, "ai", name, stamp, verdict, child=child, uid=name)


def _pod(verdict: Verdict, name: str = "a-1", template: str = "", age: int = 0) -> Seen:
    return _seen("Pod", replace(verdict, template=template, made=_NOW - age * _SECOND), name, child=True)


def _fold(main: Seen, *others: Seen, told: dict[str, Said] | None = None) -> Verdict:
    made = [main, *(item for item in others if item.kind not in ("Pod", "PersistentVolumeClaim"))]
    return fold(main, made, [main, *others], (told or {}).get)


def _trouble(reason: str, health: Health = Health.DEGRADED, pending: PendingClass | None = None) -> Verdict:
    return Verdict(Phase.PENDING, health, reason, pending=pending)


def test_a_pod_that_crashes_says_why_its_deployment_is_slow() -> None:
    verdict = _fold(_seen("Deployment", _SLOW), _pod(_STARTING), _pod(_trouble("CrashLoopBackOff"), "a-2"))
    assert verdict == Verdict(Phase.PENDING, Health.DEGRADED, "CrashLoopBackOff")


def test_a_missed_deadline_is_said_with_its_cause() -> None:
    late = Verdict(Phase.RUNNING, Health.DEGRADED, "ProgressDeadlineExceeded: timed out")
    verdict = _fold(_seen("Deployment", late), _pod(_trouble("ImagePullBackOff: x")))
    assert verdict.reason == "ProgressDeadlineExceeded: timed out; ImagePullBackOff: x"
    assert (verdict.phase, verdict.health) == (Phase.RUNNING, Health.DEGRADED)


def test_what_is_wrong_with_pods_of_an_older_template_is_over_soon() -> None:
    old, new = _pod(_trouble("ErrImagePull"), "a-1", "v1", age=60), _pod(_STARTING, "a-2", "v2")
    assert _fold(_seen("Deployment", _SLOW), old, new) == _SLOW
    sets = _seen("StatefulSet", replace(_SLOW, template="v1"))
    assert _fold(sets, old, new).reason == "ErrImagePull"


def test_pods_do_not_spoil_a_healthy_deployment_but_a_lost_claim_does() -> None:
    lost = Verdict(Phase.ENDED, Health.FAILED, "claim a has lost its volume")
    main = _seen("Deployment")
    assert _fold(main, _pod(_trouble("Evicted"))) == _WELL
    assert _fold(main, _seen("PersistentVolumeClaim", _trouble("waits", Health.PENDING))) == _WELL
    assert _fold(main, _seen("PersistentVolumeClaim", lost)).health is Health.FAILED


@pytest.mark.parametrize(("health", "spoils"), [(Health.PROGRESSING, True), (Health.SUSPENDED, False)])
def test_another_object_that_is_not_well_is_named(health: Health, *, spoils: bool) -> None:
    verdict = _fold(_seen("Deployment"), _seen("Service", Verdict(Phase.PENDING, health, "waits for an address")))
    assert verdict == (Verdict(Phase.RUNNING, health, "Service a: waits for an address") if spoils else _WELL)


def test_what_a_controller_made_and_what_is_going_counts_for_nothing() -> None:
    job = _seen("Job", Verdict(Phase.ENDED, Health.FAILED, "BackoffLimitExceeded"), child=True)
    going = replace(_seen("Service", _STARTING), deleted=_NOW)
    assert _fold(_seen("Deployment"), job, going) == _WELL


def test_a_service_of_several_sets_runs_when_all_of_them_do() -> None:
    leaders, workers = _seen("StatefulSet"), _seen("StatefulSet", _SLOW, "a-0")
    assert _fold(leaders, workers) == _SLOW
    assert _fold(workers, leaders) == _SLOW


def test_a_class_of_waiting_is_told_while_nothing_runs() -> None:
    blocked = _pod(_trouble("InvalidImageName", pending=PendingClass.BLOCKED))
    assert _fold(_seen("Deployment", _SLOW), blocked).pending is PendingClass.BLOCKED
    serving = replace(_SLOW, phase=Phase.RUNNING)
    assert _fold(_seen("Deployment", serving), blocked).pending is None


@pytest.mark.parametrize(
    ("main", "minutes", "reason"),
    [
        (_SLOW, 0, "0 of 1 replicas are available"),
        (
            _SLOW,
            3,
            "0 of 1 replicas are available; Pod ai/a-0: being deleted for 3m; waits for finalizer g on Pod ai/a-0",
        ),
        (_WELL, 3, ""),
    ],
)
def test_what_is_not_well_may_wait_for_a_pod_that_does_not_go(main: Verdict, minutes: int, reason: str) -> None:
    whole = replace(_seen("Deployment", main), stamp=Stamp(Mark("factory", "a", 0, "d1"), 1))
    going = replace(_pod(_STARTING, "a-0"), deleted=_NOW, finalizers=("g",))
    made = workload("cloud", [whole, going], _NOW + timedelta(minutes=minutes))
    assert made is not None
    assert made.reason == reason


def test_of_two_that_are_as_bad_the_one_that_says_why_is_told() -> None:
    pods = [_pod(_trouble("")), _pod(_trouble("ErrImagePull"), "a-2")]
    for order in (pods, pods[::-1]):
        assert _fold(_seen("Deployment", _SLOW), *order).reason == "ErrImagePull"


def test_a_probe_that_fails_is_told_and_is_the_usual_course_of_a_start() -> None:
    pod = _pod(replace(_STARTING, stage=Stage.PROBING, since=_NOW))
    told = {"a-1": Said("Unhealthy", "Readiness probe failed: 503", _NOW)}
    verdict = _fold(_seen("Deployment", _SLOW), pod, told=told)
    reason = "0 of 1 replicas are available; Unhealthy: Readiness probe failed: 503"
    assert (verdict.health, verdict.reason) == (Health.PROGRESSING, reason)


def test_pods_that_are_refused_are_told_of_their_set() -> None:
    main = _seen("StatefulSet", replace(_SLOW, stage=Stage.CREATING))
    verdict = _fold(main, told={"a": Said("FailedCreate", "a pod is forbidden: exceeded quota: q", _NOW)})
    assert (verdict.health, verdict.pending) == (Health.DEGRADED, PendingClass.WAITING)
    assert verdict.reason.endswith("FailedCreate: a pod is forbidden: exceeded quota: q")


@pytest.mark.parametrize(
    ("verdict", "heard"),
    [
        (replace(_STARTING, stage=Stage.PREPARING, since=_NOW), Said("FailedMount", "m", _NOW - _SECOND)),
        (replace(_STARTING, stage=Stage.PROBING, since=_NOW), Said("FailedMount", "m", _NOW)),
        (replace(_WELL, stage=Stage.PREPARING), Said("FailedMount", "m", _NOW)),
        (_STARTING, Said("FailedMount", "m", _NOW)),
    ],
    ids=["said before", "of another stage", "well now", "nothing to explain"],
)
def test_old_words_are_not_told(verdict: Verdict, heard: Said) -> None:
    assert explained(_seen("Pod", verdict), lambda _: heard) == verdict


def test_without_words_a_verdict_stays() -> None:
    assert explained(_seen("Pod", _STARTING), silence) == _STARTING


_EVENT: dict[str, Any] = {"reason": "FailedMount", "message": "m", "lastTimestamp": "2026-01-01T00:00:00Z"}
_PROBE: dict[str, Any] = _EVENT | {"reason": "Unhealthy"}


@pytest.mark.parametrize(
    ("event", "heard"),
    [
        (_EVENT, Said("FailedMount", "m", _NOW)),
        (_EVENT | {"lastTimestamp": None, "eventTime": "2026-01-01T00:00:01.000000Z"}, _NOW + _SECOND),
        (_EVENT | {"series": {"count": 3, "lastObservedTime": "2026-01-01T00:00:02.000000Z"}}, _NOW + 2 * _SECOND),
        (_EVENT | {"lastTimestamp": None}, None),
        (_EVENT | {"reason": "BackOff"}, None),
        (_PROBE | {"message": "Liveness probe errored and resulted in unknown state: x"}, None),
        ({}, None),
    ],
)
def test_what_an_event_says(event: dict[str, Any], heard: Said | datetime | None) -> None:
    found = said(event)
    assert (found.at if isinstance(heard, datetime) and found else found) == heard


@pytest.mark.parametrize("prefix", ["", "(combined from similar events): "])
@pytest.mark.parametrize("name", ["ds-gz587", "ds-x2x4p"])
def test_each_attempt_of_a_controller_says_the_same(prefix: str, name: str) -> None:
    message = f'{prefix}Error creating: pods "{name}" is forbidden: exceeded quota: q'
    heard = said(_EVENT | {"reason": "FailedCreate", "message": message})
    assert heard is not None
    assert heard.message == "Error creating: a pod is forbidden: exceeded quota: q"


def test_a_program_of_a_probe_that_is_not_there_is_told_in_the_same_words_each_time() -> None:
    found = set()
    for one in ("dde507ee", "8be862cd"):
        why = f'failed to start "{one}": cannot start: exec: "python3": executable file not found in $PATH: unknown'
        heard = said(_PROBE | {"message": f"Startup probe errored and resulted in unknown state: {why}"})
        found.add(heard and heard.message)
    assert found == {'Startup probe failed: "python3": executable file not found in $PATH'}


def test_each_stage_is_told_of_by_some_event() -> None:
    assert {telling.stage for telling in TELLING.values()} == set(Stage)
