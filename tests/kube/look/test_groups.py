"""Groups of objects → workloads."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from reconciler.kube import marks
from reconciler.kube.judge.judge import Verdict
from reconciler.kube.look.groups import workload
from reconciler.kube.look.seen import Seen
from reconciler.kube.marks import Stamp
from reconciler.models.health import Health
from reconciler.models.workload import Drift, Instance, Mark, Phase, Workload

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_WELL = Verdict(Phase.RUNNING, Health.HEALTHY)


def _seen(kind: str, digest: str = "d1", objects: int = 3, verdict: Verdict = _WELL, service: str = "a") -> Seen:
    return Seen(kind, "ai", service, Stamp(Mark("factory", service, 0, digest), objects), verdict)


_SET = (_seen("ConfigMap"), _seen("Service"), _seen("Deployment"))
_KEPT_CLAIM = _seen("PersistentVolumeClaim", "d0", 4)


def _one(*seen: Seen, now: datetime = _NOW) -> Workload:
    made = workload("cloud", seen, now)
    assert made is not None
    return made


@pytest.mark.parametrize("order", list(permutations(_SET)))
def test_a_whole_set_has_its_digest_in_any_order(order: tuple[Seen, ...]) -> None:
    assert _one(*order) == Workload("cloud", "ai/a", Mark("factory", "a", 0, "d1"), Phase.RUNNING, Health.HEALTHY)


@pytest.mark.parametrize("missing", range(3))
def test_a_set_with_a_missing_object_has_no_digest(missing: int) -> None:
    workload = _one(*(item for index, item in enumerate(_SET) if index != missing))
    assert workload.mark.digest == ""
    assert workload.reason == "2 objects are there where 3 of one version should be"


def test_an_object_of_another_version_spoils_the_digest_but_a_kept_claim_does_not() -> None:
    assert _one(*_SET, _seen("StatefulSet", "d0")).mark.digest == ""
    assert _one(*_SET, _KEPT_CLAIM).mark.digest == "d1"


def test_an_object_that_is_being_deleted_is_missing() -> None:
    assert _one(replace(_SET[0], deleted=_NOW), *_SET[1:]).mark.digest == ""


def test_an_object_that_left_the_set_spoils_the_digest_and_what_a_controller_made_does_not() -> None:
    assert _one(*_SET, replace(_seen("Service", "d0"), name="more")).mark.digest == ""
    assert _one(*_SET, replace(_seen("Service", "d0"), name="more", child=True)).mark.digest == "d1"


@pytest.mark.parametrize("kind", ["Service", "PersistentVolumeClaim"])
def test_a_copy_without_an_id_does_not_stand_for_what_is_missing(kind: str) -> None:
    copy = _seen(kind)
    copy = replace(copy, name="copy", stamp=replace(copy.stamp, damaged=marks.ID))
    found = _one(*_SET[1:], copy)
    assert found.mark.digest == ""
    assert found.reason.startswith("2 objects are there where 3 of one version should be")


def test_an_object_that_lost_its_id_is_named() -> None:
    lost = replace(_SET[0], stamp=replace(_SET[0].stamp, damaged=marks.ID))
    assert "ConfigMap ai/a has lost its reconciler/id" in _one(lost, *_SET[1:]).reason


def test_claims_and_pods_alone_are_no_workload() -> None:
    pod = _seen("Pod", "", 0)
    assert workload("cloud", [_KEPT_CLAIM, pod, replace(pod, name="a-0", child=True)], _NOW) is None


def test_a_pod_that_nothing_runs_any_more_is_seen_where_all_else_is_gone() -> None:
    pod = replace(_seen("Pod", "", 0), name="a-0")
    left = _one(_KEPT_CLAIM, pod)
    assert (left.mark.service, left.mark.digest, left.phase) == ("a", "", Phase.PENDING)
    assert left.reason == "Pod ai/a-0 was left behind, and nothing runs it"
    assert workload("cloud", [_KEPT_CLAIM, replace(pod, deleted=_NOW)], _NOW) is None
    assert _one(*_SET, pod).mark.digest == "d1"


def test_a_workload_is_stopping_when_all_that_was_made_of_it_goes() -> None:
    going = [replace(item, deleted=_NOW) for item in _SET]
    stopping = _one(*going, _KEPT_CLAIM, _seen("Pod", "", 0))
    assert (stopping.phase, stopping.since, stopping.reason) == (Phase.STOPPING, _NOW, "being deleted")
    half = _one(*_SET[:2], going[2])
    assert (half.phase, half.mark.digest) == (Phase.PENDING, "")
    assert half.reason == "2 objects are there where 3 of one version should be; being deleted"


def test_what_holds_a_deletion_up_is_named() -> None:
    held = replace(_SET[1], deleted=_NOW, finalizers=("example.com/guard",))
    waits = replace(_SET[2], deleted=_NOW, finalizers=("foregroundDeletion",))
    reason = _one(held, waits, now=_NOW + timedelta(minutes=3, seconds=10)).reason
    assert reason == (
        "being deleted for 3m; waits for finalizer example.com/guard on Service ai/a, "
        "what it made to end (foreground deletion) on Deployment ai/a"
    )


def test_the_worst_pod_tells_why_a_rollout_does_not_go_on() -> None:
    slow = replace(_SET[2], verdict=Verdict(Phase.PENDING, Health.PROGRESSING, "0 of 1 replicas are available"))
    crash = _seen("Pod", "", 0, Verdict(Phase.PENDING, Health.DEGRADED, "CrashLoopBackOff"))
    starting = _seen("Pod", "", 0, Verdict(Phase.PENDING, Health.PROGRESSING))
    workload = _one(*_SET[:2], slow, starting, crash)
    assert (workload.phase, workload.health, workload.reason) == (Phase.PENDING, Health.DEGRADED, "CrashLoopBackOff")
    assert _one(*_SET[:2], slow, starting).reason == "0 of 1 replicas are available"


def test_pods_do_not_spoil_a_healthy_deployment_but_a_lost_claim_does() -> None:
    evicted = _seen("Pod", "", 0, Verdict(Phase.ENDED, Health.DEGRADED, "Evicted"))
    lost = _seen("PersistentVolumeClaim", "", 0, Verdict(Phase.ENDED, Health.FAILED, "lost"))
    assert _one(*_SET, evicted).health is Health.HEALTHY
    assert _one(*_SET, lost).health is Health.FAILED


def test_what_differs_is_the_workloads() -> None:
    drift = Drift("Service ai/a", "/spec/ports", "kubectl-edit", "7")
    assert _one(_SET[0], replace(_SET[1], drift=(drift,)), _SET[2]).drift == (drift,)


def _pod(name: str, address: str = "10.0.0.7", verdict: Verdict = _WELL, **more: object) -> Seen:
    pod = replace(_seen("Pod", verdict=verdict), name=name, address=address, node="n1", child=True)
    return replace(pod, **more)  # type: ignore[arg-type]  # fields by their names


def test_each_pod_with_an_address_is_an_instance_and_only_a_ready_one_is_up() -> None:
    service = replace(_SET[1], address="10.1.0.1", ports=(("http", 8080),))
    starting = _pod("a-2", "[fd00::2]", Verdict(Phase.PENDING, Health.PROGRESSING))
    gone = (_pod("a-0", ""), _pod("a-3", deleted=_NOW), _pod("a-4", verdict=Verdict(Phase.ENDED, Health.DEGRADED)))
    made = _one(_SET[0], service, _SET[2], starting, _pod("a-1"), *gone)
    assert made.instances == (
        Instance("a-1", "n1", up=True, endpoints=(("http", "10.0.0.7:8080"),)),
        Instance("a-2", "n1", up=False, endpoints=(("http", "[fd00::2]:8080"),)),
    )
