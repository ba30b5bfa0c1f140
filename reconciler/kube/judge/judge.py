"""PURE. One small judge for each kind: the object as the API server sends it → how it stands.

The rules are those of kstatus (sigs.k8s.io/cli-utils) and Argo CD's gitops-engine: a status counts only when the
controller has seen the present generation; a rollout past its deadline is degraded; a paused one is suspended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from reconciler.kube.kinds import CLAIM, DEPLOYMENT, POD, STATEFUL_SET, Object
from reconciler.models.health import Health
from reconciler.models.workload import Phase

#: Reasons of a waiting container that do not go away by waiting; the others (ContainerCreating, …) do.
_STUCK = frozenset(
    {
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImageInspectError",
        "ImagePullBackOff",
        "InvalidImageName",
        "RunContainerError",
    }
)
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one object stands. `since` is when that began, where the object says so."""

    phase: Phase
    health: Health
    reason: str = ""
    since: datetime | None = None


def judge(kind: str, item: Object) -> Verdict:
    """The verdict on an object; one whose kind has no judge is healthy by being there."""
    rule = _JUDGES.get(kind)
    return rule(item) if rule else Verdict(Phase.RUNNING, Health.HEALTHY, since=created(item))


def created(item: Object) -> datetime | None:
    """When an object was made."""
    return _time(item.get("metadata", {}).get("creationTimestamp"))


def deleted(item: Object) -> datetime | None:
    """When somebody asked for an object to go; None when nobody did."""
    return _time(item.get("metadata", {}).get("deletionTimestamp"))


def _deployment(item: Object) -> Verdict:
    spec, status = item.get("spec", {}), item.get("status", {})
    wanted, available = spec.get("replicas", 1), status.get("availableReplicas", 0)
    conditions = _conditions(item)
    progressing, failure = conditions.get("Progressing", {}), conditions.get("ReplicaFailure", {})
    phase = _phase(available, wanted)
    if _unseen(item):
        return Verdict(Phase.PENDING, Health.PROGRESSING, _UNSEEN, created(item))
    if spec.get("paused"):
        return Verdict(phase, Health.SUSPENDED, "the rollout is paused", created(item))
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return Verdict(phase, Health.DEGRADED, _told(progressing), _since(progressing, item))
    if failure.get("status") == "True":
        return Verdict(phase, Health.DEGRADED, _told(failure), _since(failure, item))
    health, reason = _replicas(wanted, status.get("updatedReplicas", 0), available, status.get("replicas", 0))
    return Verdict(phase, health, reason, _since(conditions.get("Available", {}), item))


def _stateful_set(item: Object) -> Verdict:
    spec, status = item.get("spec", {}), item.get("status", {})
    wanted, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
    if _unseen(item):
        return Verdict(Phase.PENDING, Health.PROGRESSING, _UNSEEN, created(item))
    same = status.get("updateRevision") == status.get("currentRevision")
    updated = status.get("replicas", 0) if same else status.get("updatedReplicas", 0)
    health, reason = _replicas(wanted, updated, ready, status.get("replicas", 0))
    return Verdict(_phase(ready, wanted), health, reason, created(item))


def _pod(item: Object) -> Verdict:
    status = item.get("status", {})
    conditions = _conditions(item)
    for container in chain(status.get("initContainerStatuses", []), status.get("containerStatuses", [])):
        if reason := _stuck(container):
            return Verdict(Phase.PENDING, Health.DEGRADED, reason, created(item))
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("reason") == "Unschedulable":
        return Verdict(Phase.PENDING, Health.PENDING, _told(scheduled), _since(scheduled, item))
    if status.get("phase") == "Failed":
        reason = _join(status.get("reason", "Failed"), status.get("message", ""))
        return Verdict(Phase.ENDED, Health.DEGRADED, reason, created(item))
    if conditions.get("Ready", {}).get("status") == "True":
        return Verdict(Phase.RUNNING, Health.HEALTHY, since=_since(conditions["Ready"], item))
    return Verdict(Phase.PENDING, Health.PROGRESSING, "", created(item))


def _claim(item: Object) -> Verdict:
    match item.get("status", {}).get("phase"):
        case "Bound":
            return Verdict(Phase.RUNNING, Health.HEALTHY, since=created(item))
        case "Lost":
            return Verdict(Phase.ENDED, Health.FAILED, f"claim {_name(item)} has lost its volume", created(item))
        case _:
            return Verdict(Phase.PENDING, Health.PENDING, f"claim {_name(item)} waits for a volume", created(item))


_JUDGES: Mapping[str, Callable[[Object], Verdict]] = {
    DEPLOYMENT.name: _deployment,
    STATEFUL_SET.name: _stateful_set,
    POD.name: _pod,
    CLAIM.name: _claim,
}
_UNSEEN = "waiting for Kubernetes to see the change"


def _unseen(item: Object) -> bool:
    generation = item.get("metadata", {}).get("generation", 0)
    return bool(item.get("status", {}).get("observedGeneration", 0) < generation)


def _phase(ready: int, wanted: int) -> Phase:
    return Phase.RUNNING if ready or not wanted else Phase.PENDING


def _replicas(wanted: int, updated: int, available: int, total: int) -> tuple[Health, str]:
    if updated < wanted:
        return Health.PROGRESSING, f"{updated} of {wanted} replicas are of the new version"
    if total > wanted:
        return Health.PROGRESSING, f"{total - wanted} replicas of the old version are still there"
    if available < wanted:
        return Health.PROGRESSING, f"{available} of {wanted} replicas are available"
    return Health.HEALTHY, "" if wanted else "scaled to 0 replicas"


def _stuck(container: Object) -> str:
    """Why a container cannot start; "" when it only has not started yet."""
    waiting = container.get("state", {}).get("waiting", {})
    reason = waiting.get("reason", "")
    if reason not in _STUCK:
        return ""
    ended = container.get("lastState", {}).get("terminated", {})
    last = f"last: {ended.get('reason', '')}, exit code {ended.get('exitCode')}" if ended else ""
    return _join(reason, last or waiting.get("message", ""))


def _conditions(item: Object) -> dict[str, Object]:
    return {condition.get("type", ""): condition for condition in item.get("status", {}).get("conditions", [])}


def _told(condition: Object) -> str:
    return _join(condition.get("reason", ""), condition.get("message", ""))


def _join(reason: str, message: str) -> str:
    """One line, bounded: messages of a platform may be long and may have line breaks."""
    text = f"{reason}: {message}" if message else reason
    return " ".join(text.split())[:_LONGEST_REASON]


def _since(condition: Object, item: Object) -> datetime | None:
    return _time(condition.get("lastTransitionTime")) or created(item)


def _name(item: Object) -> str:
    return str(item.get("metadata", {}).get("name", ""))


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
