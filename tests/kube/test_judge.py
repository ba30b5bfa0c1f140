"""Verdicts on objects as an API server 1.36 sends them, cut down to what the judges read."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.kube.judge.judge import judge
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
        (_deployment({}, _DONE, generation=3), Phase.PENDING, Health.PROGRESSING, "waiting for Kubernetes"),
        ({"metadata": {"name": "a", "generation": 1}}, Phase.PENDING, Health.PROGRESSING, "waiting for Kubernetes"),
        (_deployment({"replicas": 0}, {}), Phase.RUNNING, Health.HEALTHY, "scaled to 0"),
        (_deployment({"paused": True}, _DONE), Phase.RUNNING, Health.SUSPENDED, "paused"),
        (_deployment({}, _DONE | {"updatedReplicas": 1}), Phase.RUNNING, Health.PROGRESSING, "1 of 2 replicas are of"),
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
    verdict = judge("Deployment", item)
    assert (verdict.phase, verdict.health) == (phase, health)
    assert verdict.reason.startswith(reason) if reason in ("", "waiting for Kubernetes") else reason in verdict.reason


@pytest.mark.parametrize(
    ("status", "phase", "health"),
    [
        ({"replicas": 2, "readyReplicas": 2, "currentRevision": "1", "updateRevision": "1"}, Phase.RUNNING, "Healthy"),
        (
            {"replicas": 2, "readyReplicas": 1, "currentRevision": "1", "updateRevision": "1"},
            Phase.RUNNING,
            "Progressing",
        ),
        (
            {"replicas": 2, "readyReplicas": 2, "currentRevision": "1", "updateRevision": "2"},
            Phase.RUNNING,
            "Progressing",
        ),
        ({"replicas": 0}, Phase.PENDING, "Progressing"),
    ],
)
def test_stateful_sets(status: dict[str, Any], phase: Phase, health: str) -> None:
    item = {"metadata": {"generation": 1}, "spec": {"replicas": 2}, "status": {"observedGeneration": 1} | status}
    verdict = judge("StatefulSet", item)
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
    verdict = judge("Pod", {"metadata": {"name": "p"}, "status": status})
    assert (verdict.health, verdict.reason) == (health, reason)


@pytest.mark.parametrize(
    ("phase", "health"), [("Bound", Health.HEALTHY), ("Pending", Health.PENDING), ("Lost", Health.FAILED)]
)
def test_claims(phase: str, health: Health) -> None:
    assert judge("PersistentVolumeClaim", {"metadata": {"name": "c"}, "status": {"phase": phase}}).health is health
