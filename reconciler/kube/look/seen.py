"""PURE. Objects as the API server sends them → what is kept of them → one workload for each service.

An object is judged when it arrives and then dropped: what is kept is a fiftieth of what the official models need.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.kube import marks
from reconciler.kube.judge.judge import Verdict, deleted, judge
from reconciler.kube.kinds import CLAIM, POD, SERVICE, WORKLOADS, Kind, Object
from reconciler.models.health import Health
from reconciler.models.workload import Mark, Phase, Workload

_WORKLOADS = frozenset(kind.name for kind in WORKLOADS)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is kept of one object of ours. `deleted` is when its deletion was asked for; `ports`: name and number."""

    kind: str
    namespace: str
    name: str
    stamp: marks.Stamp
    verdict: Verdict
    deleted: datetime | None = None
    address: str = ""
    ports: tuple[tuple[str, int], ...] = ()


def see(kind: Kind, item: Object) -> Seen | None:
    """What is kept of an object; None when it is not ours."""
    stamp = marks.read(item)
    if stamp is None:
        return None
    metadata = item["metadata"]
    seen = Seen(kind.name, metadata["namespace"], metadata["name"], stamp, judge(kind.name, item), deleted(item))
    return _with_ports(seen, item) if kind == SERVICE else seen


def workloads(target: str, seen: Iterable[Seen]) -> tuple[Workload, ...]:
    """One workload for each service that has more than claims left, in the order of their names.

    Claims alone are no workload: they are data that was kept.
    """
    groups: defaultdict[tuple[str, str], list[Seen]] = defaultdict(list)
    for item in seen:
        groups[item.namespace, item.stamp.mark.service].append(item)
    return tuple(
        _workload(target, group)
        for _, group in sorted(groups.items())
        if any(item.kind not in (CLAIM.name, POD.name) for item in group)
    )


def _workload(target: str, group: Sequence[Seen]) -> Workload:
    main = _main(group)
    first = main or next(item for item in group if item.kind not in (CLAIM.name, POD.name))
    whole = _whole(group, first.stamp)
    verdict = _verdict(main, group)
    mark = first.stamp.mark if whole else _without_digest(first.stamp.mark)
    return Workload(
        target=target,
        id=f"{first.namespace}/{mark.service}",
        mark=mark,
        phase=verdict.phase,
        health=verdict.health,
        reason=verdict.reason if whole or verdict.phase is Phase.STOPPING else _missing(group, first.stamp),
        since=verdict.since,
        endpoints=_endpoints(group),
    )


def _main(group: Sequence[Seen]) -> Seen | None:
    """The object that runs the pods; when there are two, the one that is to stay."""
    found = [item for item in group if item.kind in _WORKLOADS]
    return min(found, key=lambda item: item.deleted is not None, default=None)


def _whole(group: Sequence[Seen], stamp: marks.Stamp) -> bool:
    """Whether the set of `stamp` is complete, and nothing of another set is left but data."""
    declared = [item for item in group if item.stamp.objects and item.deleted is None]
    same = [item for item in declared if item.stamp.mark.digest == stamp.mark.digest]
    strays = [item for item in declared if item not in same and item.kind != CLAIM.name]
    return bool(stamp.mark.digest) and len(same) == stamp.objects and not strays


def _missing(group: Sequence[Seen], stamp: marks.Stamp) -> str:
    there = sum(1 for item in group if item.stamp.objects and item.deleted is None)
    return f"{there} objects are there where {stamp.objects} of one version should be"


def _verdict(main: Seen | None, group: Sequence[Seen]) -> Verdict:
    if main is None:
        return Verdict(Phase.PENDING, Health.FAILED)
    if main.deleted:
        return Verdict(Phase.STOPPING, Health.PROGRESSING, "being deleted", main.deleted)
    causes = [item.verdict for item in group if item.kind in (CLAIM.name, POD.name) and item.deleted is None]
    lost = [cause for cause in causes if cause.health is Health.FAILED]
    own = main.verdict
    if own.health in (Health.HEALTHY, Health.SUSPENDED) and not lost:
        return own
    worst = max([own, *causes], key=lambda verdict: verdict.health.rank)
    return Verdict(own.phase, worst.health, worst.reason or own.reason, own.since)


def _without_digest(mark: Mark) -> Mark:
    return Mark(mark.owner, mark.service, mark.replica, "", mark.restart, revision=mark.revision)


def _endpoints(group: Sequence[Seen]) -> tuple[tuple[str, str], ...]:
    """Where each port answers. The cluster address works with and without a cluster DNS."""
    return tuple(
        (port, f"{item.address}:{number}") for item in group if item.kind == SERVICE.name for port, number in item.ports
    )


def _with_ports(seen: Seen, item: Object) -> Seen:
    spec = item.get("spec", {})
    address = spec.get("clusterIP") or f"{seen.name}.{seen.namespace}.svc"
    ports = tuple((port.get("name", ""), port["port"]) for port in spec.get("ports", []))
    host = f"[{address}]" if ":" in address else address
    return Seen(seen.kind, seen.namespace, seen.name, seen.stamp, seen.verdict, seen.deleted, host, ports)
