"""Verdicts on recorded objects of a real cluster, held against those of kstatus and Argo CD on the same files.

`recorded/` holds objects as a Kubernetes 1.36.2 sends them; where no controller of a lab gets an object into a state
(an address of a load balancer, a healthy autoscaler, an evicted pod, a LeaderWorkerSet), its status was written as that
controller does. `ours.json` is what we say: state, health, and how the reason begins. `verdicts/verdicts.json` is what
kstatus and Argo CD's gitops-engine say, printed by the Go program beside it:

    cd tests/kube/judge/verdicts && go run . ../recorded/*.json > verdicts.json
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.kube.judge.judge import Verdict, judge
from reconciler.kube.kinds import Kind
from reconciler.models.workload import Phase

_HERE = Path(__file__).parent
_NAMES = sorted(path.stem for path in (_HERE / "recorded").glob("*.json"))
_OURS: dict[str, list[str]] = json.loads((_HERE / "ours.json").read_text())
_THEIRS: dict[str, dict[str, str]] = json.loads((_HERE / "verdicts" / "verdicts.json").read_text())["verdicts"]

_KSTATUS = {
    "Healthy": "Current",
    "Suspended": "Current",
    "Progressing": "InProgress",
    "Pending": "InProgress",
    "Unknown": "InProgress",
    "Degraded": "Failed",
    "Failed": "Failed",
}
_ARGO = {health: health for health in _KSTATUS} | {"Pending": "Progressing", "Failed": "Degraded"}

#: Where we differ, and the reason as in the table of reconciler.kube.judge.judge. Nothing else may.
_UNLIKE_KSTATUS = {
    "autoscaler-new": "as Argo CD",
    "autoscaler-no-metrics": "as Argo CD",
    "autoscaler-no-target": "as Argo CD",
    "autoscaler-v1-no-metrics": "as Argo CD",
    "claim-lost": "as Argo CD",
    "daemon-set-on-delete-old-pods": "as Argo CD",
    "deployment-paused": "as Argo CD",
    "deployment-paused-before-its-first-pod": "as Argo CD",
    "deployment-pod-security": "the cause is seen before the deadline",
    "deployment-quota": "the cause is seen before the deadline",
    "ingress-waits": "as Argo CD",
    "job-quota": "as Argo CD",
    "job-resumed": "its Suspended is false",
    "job-running": "as Argo CD",
    "job-suspended": "as Argo CD",
    "leader-worker-set-new": "it has no condition Ready",
    "leader-worker-set-rolling": "it has no condition Ready",
    "leader-worker-set-waits": "it has no condition Ready",
    "pod-claim-unbound": "it starts when there is room",
    "pod-command-missing": "as Argo CD",
    "pod-deadline": "as Argo CD",
    "pod-err-image-pull": "as Argo CD",
    "pod-evicted": "as Argo CD",
    "pod-failed": "as Argo CD",
    "pod-image-never-pull": "as Argo CD",
    "pod-image-pull-back-off": "as Argo CD",
    "pod-init-crash": "as for other containers",
    "pod-invalid-image-name": "it never becomes one",
    "pod-missing-secret": "as Argo CD",
    "pod-on-a-lost-node": "as for its own troubles",
    "pod-restarted": "as Argo CD",
    "pod-terminated": "as Argo CD",
    "pod-unschedulable": "it starts when there is room",
    "replica-set-quota": "as Argo CD",
    "service-balancer-waits": "as Argo CD",
    "stateful-set-on-delete-not-ready": "as Argo CD",
}
_UNLIKE_ARGO = {
    "deployment-pod-security": "the cause is seen before the deadline",
    "deployment-quota": "the cause is seen before the deadline",
    "job-resumed": "its Suspended is false",
    "pod-init-crash": "as for other containers",
    "pod-invalid-image-name": "it never becomes one",
    "pod-on-a-lost-node": "as for its own troubles",
    "pod-running-once": "it does what it is for",
    "stateful-set-scaling-down": "it is not yet as declared",
}


def _judged(name: str) -> Verdict:
    item: dict[str, Any] = json.loads((_HERE / "recorded" / f"{name}.json").read_text())
    return judge(Kind(item["kind"], item["apiVersion"], ""), item)


def _as_kstatus(verdict: Verdict) -> str:
    return "Terminating" if verdict.phase is Phase.STOPPING else _KSTATUS[verdict.health.value]


@pytest.mark.parametrize("name", _NAMES)
def test_what_we_say(name: str) -> None:
    verdict = _judged(name)
    phase, health, reason = _OURS[name]
    assert (verdict.phase.value, verdict.health.value) == (phase, health)
    assert verdict.reason.startswith(reason)
    assert bool(verdict.reason) == bool(reason)


def test_kstatus_says_the_same_but_for_these() -> None:
    differ = {name for name in _NAMES if _as_kstatus(_judged(name)) != _THEIRS[name]["kstatus"]}
    assert differ == set(_UNLIKE_KSTATUS)


def test_argo_cd_says_the_same_but_for_these() -> None:
    known = [name for name in _NAMES if _THEIRS[name]["argo"]]
    differ = {name for name in known if _ARGO[_judged(name).health.value] != _THEIRS[name]["argo"]}
    assert differ == set(_UNLIKE_ARGO)


def test_where_we_say_that_we_are_as_argo_cd_we_are() -> None:
    claimed = {name for name, reason in _UNLIKE_KSTATUS.items() if reason == "as Argo CD"}
    assert not claimed & set(_UNLIKE_ARGO)
    assert all(_THEIRS[name]["argo"] for name in claimed)


def test_every_recorded_object_was_judged_by_all_three() -> None:
    assert set(_NAMES) == set(_OURS) == set(_THEIRS)
