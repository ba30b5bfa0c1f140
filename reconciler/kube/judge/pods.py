"""PURE. A pod, and what keeps its containers from running."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from reconciler.kube.judge.fields import conditions, created, holds, since, status_of, time, told
from reconciler.kube.judge.verdict import Stage, Verdict, line
from reconciler.kube.kinds import Object
from reconciler.models.health import Health
from reconciler.models.workload import PendingClass, Phase

#: The labels that tell of which version of its template a pod is, by who made it; that of a LeaderWorkerSet goes first,
#: because it makes its pods by StatefulSets.
_TEMPLATES = ("leaderworkerset.sigs.k8s.io/template-revision-hash", "controller-revision-hash", "pod-template-hash")
_LOST = "NodeNotReady: its node does not answer"
_BLOCKED = "InvalidImageName"
# The kubelet begins anew with its pauses after a container that ran for this long.
_SETTLED = timedelta(minutes=10)


class _Trouble(NamedTuple):
    """Why a container does not run, and since when events may tell more about that."""

    reason: str
    since: datetime | None = None
    pending: PendingClass | None = None


def pod(item: Object) -> Verdict:
    """By what its containers say first: they know why a pod does not get ready."""
    restarts = _restarts(status_of(item))
    return replace(_judged(item), template=_template(item), made=created(item), restarts=restarts)


def _judged(item: Object) -> Verdict:
    status = status_of(item)
    match status.get("phase"):
        case "Succeeded":
            return Verdict(Phase.ENDED, Health.HEALTHY, since=created(item))
        case "Failed":
            return Verdict(Phase.ENDED, Health.DEGRADED, _end(status), created(item))
        case "Unknown":
            return Verdict(Phase.RUNNING, Health.UNKNOWN, _LOST, created(item))
        case _:
            return _alive(item, status)


def _alive(item: Object, status: Object) -> Verdict:
    known = conditions(item)
    ready = known.get("Ready", {})
    if holds(ready):
        return Verdict(Phase.RUNNING, Health.HEALTHY, since=since(ready, item))
    if holds(known.get("ContainersReady")) and not ready.get("reason"):
        # The kubelet gives a reason; the controller that takes a silent node's pods out of service gives none.
        return Verdict(Phase.PENDING, Health.DEGRADED, _LOST, since(ready, item))
    if found := next(_troubles(status), None):
        begun = found.since or created(item)
        return Verdict(Phase.PENDING, Health.DEGRADED, found.reason, begun, found.pending, Stage.PROBING)
    return _waiting(item)


def _waiting(item: Object) -> Verdict:
    """Nothing is wrong that its containers would know of."""
    known = conditions(item)
    scheduled, prepared = known.get("PodScheduled", {}), known.get("PodReadyToStartContainers")
    if scheduled.get("status") == "False":
        waits = PendingClass.WAITING
        return Verdict(Phase.PENDING, Health.PENDING, told(scheduled), since(scheduled, item), waits)
    started = [time(one["state"]["running"].get("startedAt")) for one in _running(status_of(item))]
    if started:
        begun = max(filter(None, started), default=created(item))
        return Verdict(Phase.PENDING, Health.PROGRESSING, "", begun, stage=Stage.PROBING)
    begun = since(prepared if prepared and holds(prepared) else scheduled, item)
    return Verdict(Phase.PENDING, Health.PROGRESSING, "", begun, stage=Stage.PREPARING)


def _running(status: Object) -> list[Object]:
    return [one for one in status.get("containerStatuses", []) if one.get("state", {}).get("running")]


def _template(item: Object) -> str:
    labels = item.get("metadata", {}).get("labels", {})
    return next((labels[label] for label in _TEMPLATES if label in labels), "")


def _troubles(status: Object) -> Iterator[_Trouble]:
    """What is wrong with its containers, in the order in which they start."""
    for container in status.get("initContainerStatuses", []):
        if found := _trouble(container):
            yield found._replace(reason=f"{found.reason} (init container {container.get('name')})")
    several = len(status.get("containerStatuses", [])) > 1
    for container in status.get("containerStatuses", []):
        if found := _trouble(container):
            which = f" (container {container.get('name')})" if several else ""
            yield found._replace(reason=f"{found.reason}{which}")


def _trouble(container: Object) -> _Trouble | None:
    """What is wrong with a container that is not ready; None when it only has not started yet."""
    if container.get("ready"):
        return None
    state, last = container.get("state", {}), container.get("lastState", {}).get("terminated")
    restarts = container.get("restartCount", 0)
    if (ended := state.get("terminated")) and (ended.get("exitCode") or restarts):
        return _Trouble(line("ended", _exit(ended)), time(ended.get("startedAt")))
    if last and state.get("running"):
        times = "once" if restarts == 1 else f"{restarts} times"
        return _Trouble(line(f"restarted {times}", f"last: {_exit(last)}"), time(last.get("startedAt")))
    waiting = state.get("waiting", {})
    reason = waiting.get("reason", "")
    if not _is_stuck(reason):
        return None
    words = f"last: {_exit(last)}" if last else waiting.get("message", "")
    pending = PendingClass.BLOCKED if reason == _BLOCKED else None
    return _Trouble(line(reason, words), time(last.get("startedAt")) if last else None, pending)


def _is_stuck(reason: str) -> bool:
    """Whether waiting alone does not help; the other reasons (ContainerCreating, PodInitializing) are the usual course.

    These are Argo CD's, and a name that is none.
    """
    return reason.startswith("Err") or reason.endswith(("Error", "BackOff")) or reason == _BLOCKED


def _restarts(status: Object) -> int:
    """How often a container that is not ready was started again, where its last run was a short one."""
    containers = [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
    waiting = (one for one in containers if not one.get("ready") and one.get("restartCount"))
    return max((one["restartCount"] for one in waiting if _was_short(one.get("lastState", {}))), default=0)


def _was_short(state: Object) -> bool:
    last = state.get("terminated") or {}
    begun, ended = time(last.get("startedAt")), time(last.get("finishedAt"))
    return begun is not None and ended is not None and ended - begun < _SETTLED


def _exit(ended: Object) -> str:
    """How a container ended, with its last words where it left some (`terminationMessagePath`)."""
    return line(f"{ended.get('reason', 'Error')}, exit code {ended.get('exitCode')}", ended.get("message", ""))


def _end(status: Object) -> str:
    """Why a pod has failed: its own words (evicted, past its deadline), or how its containers ended."""
    if status.get("reason") or status.get("message"):
        return line(status.get("reason", "Failed"), status.get("message", ""))
    return next((found.reason for found in _troubles(status)), "Failed")
