"""PURE. All objects of one service → its workload."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.kube import marks
from reconciler.kube.judge.judge import Verdict
from reconciler.kube.kinds import CLAIM, POD, SERVICE, WORKLOADS
from reconciler.kube.look.causes import Words, fold, silence, together
from reconciler.kube.look.seen import Seen
from reconciler.kube.marks import Stamp
from reconciler.models.health import Health
from reconciler.models.units import format_duration
from reconciler.models.workload import Instance, Mark, Phase, Workload

_WORKLOADS = frozenset(kind.name for kind in WORKLOADS)
_FOREGROUND = "foregroundDeletion"
_MINUTE = timedelta(minutes=1)


def workload(target: str, group: Sequence[Seen], now: datetime, words: Words = silence) -> Workload | None:
    """The workload of one service, with what `words` tell of its objects.

    None when nothing but claims is left: they are data that was kept. Pods that nothing runs any more are something.
    """
    made = [item for item in group if _made(item)] or [item for item in group if _left_behind(item)]
    if not made:
        return None
    main = _main(made)
    first = main or made[0]
    whole = _whole(made, group, first.stamp)
    verdict = _verdict(main, made, group, now, words)
    mark = first.stamp.mark if whole else _without_digest(first.stamp.mark)
    return Workload(
        target=target,
        id=f"{first.namespace}/{mark.service}",
        mark=mark,
        phase=verdict.phase,
        health=verdict.health,
        reason=verdict.reason if whole or verdict.phase is Phase.STOPPING else _missing(made, group, first.stamp, now),
        since=verdict.since,
        endpoints=_endpoints(group),
        pending=verdict.pending if verdict.phase is Phase.PENDING else None,
        drift=tuple(drift for item in group for drift in item.drift),
        instances=_instances(group) if verdict.phase is not Phase.STOPPING else (),
        restarts=max((item.verdict.restarts for item in group if item.deleted is None), default=0),
    )


def going(group: Sequence[Seen]) -> bool:
    """Whether something of it is being deleted, so that its words change with the time."""
    return any(item.deleted for item in group)


def _made(item: Seen) -> bool:
    """Whether it was applied by us: not data, and not what Kubernetes made out of it."""
    return item.kind not in (CLAIM.name, POD.name) and not item.child


def _left_behind(item: Seen) -> bool:
    """Whether it is a pod whose StatefulSet was deleted without it (to be made anew, or by hand), and that stays.

    One that is going already hinders nothing: a new StatefulSet waits for its name by itself.
    """
    return item.kind == POD.name and not item.child and item.deleted is None and item.is_named_by_us


def _main(made: Sequence[Seen]) -> Seen | None:
    """The object that runs the pods; when there are two, the one that is to stay."""
    found = [item for item in made if item.kind in _WORKLOADS]
    return min(found, key=lambda item: (item.deleted is not None, not _proven(item)), default=None)


def _whole(made: Sequence[Seen], group: Sequence[Seen], stamp: Stamp) -> bool:
    """Whether the set of `stamp` is complete, and nothing of another set is left but data.

    What has lost its id is not counted: it may be a copy of one of the others, which would hide that one is missing.
    """
    declared = _declared(group)
    same = [item for item in declared if item.stamp.mark.digest == stamp.mark.digest]
    strays = [item for item in made if item.stamp.objects and item.deleted is None and item not in same]
    return bool(stamp.mark.digest) and len(same) == stamp.objects and not strays


def _declared(group: Sequence[Seen]) -> list[Seen]:
    return [item for item in group if item.stamp.objects and item.deleted is None and _proven(item)]


def _proven(item: Seen) -> bool:
    """Whether its id says that it is itself; what a controller made of it has none."""
    return item.stamp.damaged != marks.ID and not item.child


def _missing(made: Sequence[Seen], group: Sequence[Seen], stamp: Stamp, now: datetime) -> str:
    if all(item.kind == POD.name for item in made):
        return f"{made[0]} was left behind, and nothing runs it"
    there = len(_declared(group))
    counted = f"{there} objects are there where {stamp.objects} of one version should be"
    unproven = [f"{item} has lost its {marks.ID}" for item in made if item.stamp.damaged == marks.ID]
    leaving = _leaving([item for item in made if item.deleted], now)
    return "; ".join(words for words in (counted, *unproven, leaving) if words)


def _verdict(main: Seen | None, made: Sequence[Seen], group: Sequence[Seen], now: datetime, words: Words) -> Verdict:
    if all(item.deleted for item in made):
        since = min(item.deleted for item in made if item.deleted)
        return Verdict(Phase.STOPPING, Health.PROGRESSING, _leaving(made, now), since)
    if main is None:
        return Verdict(Phase.PENDING, Health.FAILED)
    if main.deleted:
        return Verdict(Phase.PENDING, Health.PROGRESSING, _leaving([main], now), main.deleted)
    return _with_slow_pods(fold(main, made, group, words), group, now)


def _with_slow_pods(verdict: Verdict, group: Sequence[Seen], now: datetime) -> Verdict:
    """What is not well may wait for a pod to go; `deleted` of a pod is when its grace ends."""
    slow = [item for item in group if item.kind == POD.name and item.deleted and now - item.deleted >= _MINUTE]
    if not slow or verdict.health in (Health.HEALTHY, Health.SUSPENDED):
        return verdict
    slowest = min(slow, key=lambda item: item.deleted or now)
    return replace(verdict, reason=together(verdict.reason, f"{slowest}: {_leaving([slowest], now)}"))


def _leaving(items: Sequence[Seen], now: datetime) -> str:
    """For how long they have been going, and what holds them; "" when nothing is going."""
    began = min((item.deleted for item in items if item.deleted), default=None)
    if began is None:
        return ""
    held = [f"{_hold(item)} on {item}" for item in items if item.finalizers]
    minutes = (now - began) // _MINUTE
    text = f"being deleted for {format_duration(minutes * _MINUTE)}" if minutes > 0 else "being deleted"
    return f"{text}; waits for {', '.join(held)}" if held else text


def _hold(item: Seen) -> str:
    foreign = [name for name in item.finalizers if name != _FOREGROUND]
    return f"finalizer {', '.join(foreign)}" if foreign else "what it made to end (foreground deletion)"


def _without_digest(mark: Mark) -> Mark:
    return Mark(mark.owner, mark.service, mark.replica, "", mark.restart, revision=mark.revision)


def _endpoints(group: Sequence[Seen]) -> tuple[tuple[str, str], ...]:
    """Where each port answers. The cluster address works with and without a cluster DNS."""
    return tuple(
        (port, f"{item.address}:{number}") for item in group if item.kind == SERVICE.name for port, number in item.ports
    )


def _instances(group: Sequence[Seen]) -> tuple[Instance, ...]:
    """The pods that have an address and are to stay, by name; their addresses are those of the pod network."""
    ports = [port for item in group if item.kind == SERVICE.name for port in item.ports]
    pods = [item for item in group if item.kind == POD.name and item.address and item.deleted is None]
    return tuple(
        Instance(pod.name, pod.node, _is_ready(pod), tuple((port, f"{pod.address}:{number}") for port, number in ports))
        for pod in sorted(pods, key=lambda item: item.name)
        if pod.verdict.phase is not Phase.ENDED
    )


def _is_ready(pod: Seen) -> bool:
    return pod.verdict.phase is Phase.RUNNING and pod.verdict.health is Health.HEALTHY
