"""Verdicts on objects cut down to what the judges read: states that no recorded object is in, and broken objects."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.kube.judge.judge import judge
from reconciler.kube.kinds import CLAIM, DEPLOYMENT, POD, STATEFUL_SET, Kind
from reconciler.models.health import Health
from reconciler.models.workload import Phase

_TIME = "2026-11-24T07:00:00Z"


def _deployment(spec: dict[str, Any], status: dict[str, Any], generation: int = 2) -> dict[str, Any]:
    metadata = {"name": "a", "generation": generation, "creationTimestamp": _TIME}
    return {"metadata": metadata, "spec": {"replicas": 2} | spec, "status": {"observedGeneration": 2} | status}


def _condition(kind: str, status: str, reason: str = "", message: str = "") -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": _TIME}


_DONE = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "readyReplicas": 2}


@pytest.mark.parametrize(
    ("item", "phase", "health", "reason"),
    [
        (_deployment({}, _DONE), Phase.RUNNING, Health.HEALTHY, ""),
        (_deployment({}, _DONE, generation=3), Phase.RUNNING, Health.PROGRESSING, "waiting for Kubernetes"),
        ({"metadata": {"name": "a", "generation": 1}}, Phase.PENDING, Health.PROGRESSING, "waiting for Kubernetes"),
        (_deployment({"replicas": 0}, {}), Phase.RUNNING, Health.HEALTHY, "scaled to 0"),
        (_deployment({"paused": True}, _DONE), Phase.RUNNING, Health.SUSPENDED, "paused"),
        (_deployment({}, _DONE | {"updatedReplicas": 1}), Phase.RUNNING, Health.PROGRESSING, "1 of 2 replicas are of"),
        (
            _deployment({}, _DONE | {"conditions": [_condition("Progressing", "True", "ReplicaSetUpdated", "is on")]}),
            Phase.RUNNING,
            Health.PROGRESSING,
            "ReplicaSetUpdated: is on",
        ),
        (
            _deployment({}, _DONE | {"conditions": [_condition("Available", "False", "MinimumReplicasUnavailable")]}),
            Phase.RUNNING,
            Health.PROGRESSING,
            "MinimumReplicasUnavailable",
        ),
        (_deployment({}, _DONE | {"replicas": 3}), Phase.RUNNING, Health.PROGRESSING, "1 replicas of the old"),
        (_deployment({}, _DONE | {"availableReplicas": 0}), Phase.PENDING, Health.PROGRESSING, "0 of 2 replicas are a"),
        (
            _deployment({}, {"conditions": [_condition("Progressing", "False", "ProgressDeadlineExceeded", "late")]}),
            Phase.PENDING,
            Health.DEGRADED,
            "ProgressDeadlineExceeded: late",
        ),
        (
            _deployment({}, {"conditions": [_condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota")]}),
            Phase.PENDING,
            Health.DEGRADED,
            "FailedCreate: exceeded quota",
        ),
    ],
)
def test_deployments(item: dict[str, Any], phase: Phase, health: Health, reason: str) -> None:
    verdict = judge(DEPLOYMENT, item)
    assert (verdict.phase, verdict.health) == (phase, health)
    assert verdict.reason.startswith(reason) if reason in ("", "waiting for Kubernetes") else reason in verdict.reason


@pytest.mark.parametrize(
    ("status", "phase", "health"),
    [
        ({"replicas": 2, "readyReplicas": 2, "updatedReplicas": 2}, Phase.RUNNING, "Healthy"),
        ({"replicas": 2, "readyReplicas": 1, "updatedReplicas": 2}, Phase.RUNNING, "Progressing"),
        (
            {"replicas": 2, "readyReplicas": 2, "updatedReplicas": 1, "updateRevision": "2"},
            Phase.RUNNING,
            "Progressing",
        ),
        ({"replicas": 0}, Phase.PENDING, "Progressing"),
    ],
)
def test_stateful_sets(status: dict[str, Any], phase: Phase, health: str) -> None:
    item = {"metadata": {"generation": 1}, "spec": {"replicas": 2}, "status": {"observedGeneration": 1} | status}
    verdict = judge(STATEFUL_SET, item)
    assert (verdict.phase, verdict.health.value) == (phase, health)


def _waiting(reason: str, **more: Any) -> dict[str, Any]:
    return {"containerStatuses": [{"state": {"waiting": {"reason": reason, "message": "m\nn"}}} | more]}


@pytest.mark.parametrize(
    ("status", "health", "reason"),
    [
        ({"phase": "Running", "conditions": [_condition("Ready", "True")]}, Health.HEALTHY, ""),
        ({"phase": "Pending"} | _waiting("ContainerCreating"), Health.PROGRESSING, ""),
        (_waiting("ImagePullBackOff"), Health.DEGRADED, "ImagePullBackOff: m n"),
        (
            _waiting("CrashLoopBackOff", lastState={"terminated": {"reason": "OOMKilled", "exitCode": 137}}),
            Health.DEGRADED,
            "CrashLoopBackOff: last: OOMKilled, exit code 137",
        ),
        (
            {"phase": "Pending", "conditions": [_condition("PodScheduled", "False", "Unschedulable", "0/1 nodes")]},
            Health.PENDING,
            "Unschedulable: 0/1 nodes",
        ),
        ({"phase": "Failed", "reason": "Evicted"}, Health.DEGRADED, "Evicted"),
        ({}, Health.PROGRESSING, ""),
    ],
)
def test_pods(status: dict[str, Any], health: Health, reason: str) -> None:
    verdict = judge(POD, {"metadata": {"name": "p"}, "status": status})
    assert (verdict.health, verdict.reason) == (health, reason)


@pytest.mark.parametrize(
    ("phase", "health"), [("Bound", Health.HEALTHY), ("Pending", Health.PENDING), ("Lost", Health.FAILED)]
)
def test_claims(phase: str, health: Health) -> None:
    assert judge(CLAIM, {"metadata": {"name": "c"}, "status": {"phase": phase}}).health is health


_STRANGE = [
    {},
    {"metadata": None, "status": None},
    {"metadata": [], "status": "well"},
    {"status": {"conditions": {"Ready": "False"}}},
    {"status": {"conditions": ["Ready", None, {"type": ["Ready"]}]}},
    {"metadata": {"generation": "2"}, "status": {"observedGeneration": None}},
    {"status": {"conditions": [{"type": "Ready", "status": True, "lastTransitionTime": "yesterday"}]}},
]


@pytest.mark.parametrize("item", _STRANGE)
def test_a_custom_resource_of_any_shape_is_there_and_that_is_all(item: dict[str, Any]) -> None:
    verdict = judge(Kind("Widget", "example.com/v1", "widgets"), item)
    assert (verdict.phase, verdict.health) == (Phase.RUNNING, Health.HEALTHY)


def test_a_custom_resource_with_the_name_of_a_known_kind_is_judged_by_its_conditions() -> None:
    item = {"status": {"conditions": [_condition("Ready", "False", "RevisionMissing", "no such revision")]}}
    verdict = judge(Kind("Service", "serving.knative.dev/v1", "services"), item)
    assert (verdict.health, verdict.reason) == (Health.PROGRESSING, "RevisionMissing: no such revision")


def test_what_a_container_said_is_one_line_without_control_characters_and_not_long() -> None:
    ended = {"reason": "Error", "exitCode": 1, "message": "\x1b[2Jlost\n" + "x" * 5000}
    status = _waiting("CrashLoopBackOff", lastState={"terminated": ended})
    reason = judge(POD, {"metadata": {"name": "p"}, "status": status}).reason
    assert reason.startswith("CrashLoopBackOff: last: Error, exit code 1: \N{REPLACEMENT CHARACTER}[2Jlost xxx")
    assert len(reason) == 300


@pytest.mark.parametrize(
    ("labels", "template"),
    [
        ({"pod-template-hash": "6d4f9c"}, "6d4f9c"),
        ({"controller-revision-hash": "db-6d4f9c", "apps.kubernetes.io/pod-index": "0"}, "db-6d4f9c"),
        ({"controller-revision-hash": "a", "leaderworkerset.sigs.k8s.io/template-revision-hash": "b"}, "b"),
        ({}, ""),
    ],
)
def test_of_which_version_of_its_template_a_pod_is(labels: dict[str, str], template: str) -> None:
    assert judge(POD, {"metadata": {"labels": labels}, "status": {}}).template == template


def test_a_pod_whose_node_is_lost_is_unknown() -> None:
    assert judge(POD, {"metadata": {}, "status": {"phase": "Unknown"}}).health is Health.UNKNOWN


def test_a_disruption_budget_that_cannot_count_its_pods_is_degraded() -> None:
    status = {"conditions": [_condition("DisruptionAllowed", "False", "SyncFailed", "found no controller")]}
    verdict = judge(Kind("PodDisruptionBudget", "policy/v1", "poddisruptionbudgets"), {"status": status})
    assert (verdict.health, verdict.reason) == (Health.DEGRADED, "SyncFailed: found no controller")


def test_a_job_that_is_sure_to_fail_has_failed() -> None:
    status = {"active": 1, "conditions": [_condition("FailureTarget", "True", "BackoffLimitExceeded")]}
    assert judge(Kind("Job", "batch/v1", "jobs"), {"metadata": {}, "status": status}).health is Health.FAILED
