"""PURE. What makes pods and keeps them: Deployment, StatefulSet, DaemonSet, ReplicaSet, LeaderWorkerSet."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from reconciler.kube.judge.fields import conditions, created, holds, never_seen, since, status_of, told
from reconciler.kube.judge.generic import UNSEEN
from reconciler.kube.judge.verdict import Stage, Verdict, refusal
from reconciler.kube.kinds import Object
from reconciler.models.health import Health
from reconciler.models.workload import Phase


def deployment(item: Object) -> Verdict:
    """By its conditions, which say why a roll-out does not go on, and then by its counts."""
    spec, status, known = item.get("spec", {}), status_of(item), conditions(item)
    wanted, available = spec.get("replicas", 1), _serving(status)
    phase = _phase(available, wanted)
    progressing, failure = known.get("Progressing", {}), known.get("ReplicaFailure", {})
    if never_seen(item):
        return Verdict(phase, Health.PROGRESSING, UNSEEN, created(item))
    if spec.get("paused"):
        return Verdict(phase, Health.SUSPENDED, "the rollout is paused", created(item))
    if holds(failure):
        return Verdict(phase, Health.DEGRADED, told(failure), since(failure, item), refusal(failure.get("message", "")))
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return Verdict(phase, Health.DEGRADED, told(progressing), since(progressing, item))
    begun = since(known.get("Available", {}), item)
    counted = _counted(wanted, status.get("updatedReplicas", 0), available, status.get("replicas", 0), begun)
    if counted.health is Health.HEALTHY and (behind := _behind(known)):
        return replace(counted, health=Health.PROGRESSING, reason=behind)
    return counted


def _behind(known: dict[str, Object]) -> str:
    """What the conditions of a Deployment whose counts are right do not yet agree to; "" when they do."""
    progressing, available = known.get("Progressing"), known.get("Available")
    if progressing and progressing.get("reason") != "NewReplicaSetAvailable":
        return told(progressing)
    return told(available) if available and not holds(available) else ""


def replica_set(item: Object) -> Verdict:
    """By its condition ReplicaFailure, and then by its counts."""
    status, failure = status_of(item), conditions(item).get("ReplicaFailure", {})
    wanted, available = item.get("spec", {}).get("replicas", 1), _serving(status)
    if holds(failure):
        words = failure.get("message", "")
        return Verdict(_phase(available, wanted), Health.DEGRADED, told(failure), since(failure, item), refusal(words))
    updated = status.get("fullyLabeledReplicas", 0)
    return _counted(wanted, updated, available, status.get("replicas", 0), created(item))


def stateful_set(item: Object) -> Verdict:
    """By its counts: its controller writes no conditions. Below the partition, pods are to stay old."""
    spec, status = item.get("spec", {}), status_of(item)
    wanted, ready, there = spec.get("replicas", 1), status.get("readyReplicas", 0), status.get("replicas", 0)
    if never_seen(item):
        return Verdict(_phase(ready, wanted), Health.PROGRESSING, UNSEEN, created(item), stage=Stage.CREATING)
    strategy = spec.get("updateStrategy", {})
    old = strategy.get("rollingUpdate", {}).get("partition", 0)
    if strategy.get("type") == "OnDelete":
        old = wanted
    updated = status.get("updatedReplicas", 0)
    if status.get("currentRevision") == status.get("updateRevision"):  # what is current is of the new version
        updated = max(updated, status.get("currentReplicas", 0))
    stage = Stage.CREATING if there < wanted else None
    template = "" if old else status.get("updateRevision", "")
    return _counted(wanted, updated + min(old, wanted), ready, there, created(item), stage, template)


def daemon_set(item: Object) -> Verdict:
    """By its counts of nodes; with the strategy OnDelete, pods are to stay old."""
    status, strategy = status_of(item), item.get("spec", {}).get("updateStrategy", {})
    wanted, there = status.get("desiredNumberScheduled", 0), status.get("currentNumberScheduled", 0)
    available = min(status.get("numberAvailable", 0), status.get("numberReady", 0))
    if never_seen(item) or "desiredNumberScheduled" not in status:
        return Verdict(Phase.PENDING, Health.PROGRESSING, UNSEEN, created(item), stage=Stage.CREATING)
    updated = wanted if strategy.get("type") == "OnDelete" else status.get("updatedNumberScheduled", 0)
    if not wanted:
        return Verdict(Phase.RUNNING, Health.HEALTHY, "there is no node that it is for", created(item))
    stage = Stage.CREATING if there < wanted else None
    return _counted(wanted, updated, available, there, created(item), stage)


def leader_worker_set(item: Object) -> Verdict:
    """By its counts of groups, and by its condition Available: its controller does not say which spec it has seen."""
    spec, status, known = item.get("spec", {}), status_of(item), conditions(item)
    wanted, ready, there = spec.get("replicas", 1), status.get("readyReplicas", 0), status.get("replicas", 0)
    if holds(known.get("UpdateInProgress")):
        updated = status.get("updatedReplicas", 0)
        reason = f"{updated} of {wanted} groups are of the new version"
        return Verdict(_phase(ready, wanted), Health.PROGRESSING, reason, created(item))
    if ready < wanted or not holds(known.get("Available")):
        stage = Stage.CREATING if there < wanted else None
        reason = f"{ready} of {wanted} groups are ready"
        return Verdict(_phase(ready, wanted), Health.PROGRESSING, reason, created(item), stage=stage)
    return Verdict(Phase.RUNNING, Health.HEALTHY, _scaled(wanted), since(known["Available"], item))


def _serving(status: Object) -> int:
    """How many replicas serve: what is available may have stopped being ready."""
    return min(int(status.get("availableReplicas", 0)), int(status.get("readyReplicas", 0)))


def _counted(
    wanted: int,
    updated: int,
    available: int,
    total: int,
    begun: datetime | None,
    stage: Stage | None = None,
    template: str = "",
) -> Verdict:
    phase = _phase(available, wanted)
    reason = _lacking(wanted, updated, available, total)
    health = Health.PROGRESSING if reason else Health.HEALTHY
    return Verdict(phase, health, reason or _scaled(wanted), begun, stage=stage, template=template)


def _lacking(wanted: int, updated: int, available: int, total: int) -> str:
    """What there is still to do; "" when all is done."""
    if updated < wanted:
        return f"{updated} of {wanted} replicas are of the new version"
    if total > wanted:
        return f"{total - wanted} replicas of the old version are still there"
    if available < wanted:
        return f"{available} of {wanted} replicas are available"
    return ""


def _scaled(wanted: int) -> str:
    return "" if wanted else "scaled to 0 replicas"


def _phase(ready: int, wanted: int) -> Phase:
    return Phase.RUNNING if ready or not wanted else Phase.PENDING
