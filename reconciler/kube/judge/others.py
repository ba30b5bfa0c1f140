"""PURE. Claims, what leads traffic to pods, autoscalers, budgets, and what lives in no namespace."""

from __future__ import annotations

import json
from collections.abc import Iterable

from reconciler.kube.judge.fields import conditions, created, holds, name, since, status_of, told
from reconciler.kube.judge.generic import by_being_there
from reconciler.kube.judge.verdict import Stage, Verdict
from reconciler.kube.kinds import Object
from reconciler.models.health import Health
from reconciler.models.workload import PendingClass, Phase

_ADDRESS = "waits for an address; nothing in this cluster may give one"
#: What keeps an autoscaler from working: these conditions with these reasons (as Argo CD has them).
_BROKEN_SCALING = frozenset(
    {
        ("AbleToScale", "FailedGetScale"),
        ("AbleToScale", "FailedUpdateScale"),
        ("ScalingActive", "FailedComputeMetricsReplicas"),
        ("ScalingActive", "FailedGetExternalMetric"),
        ("ScalingActive", "FailedGetObjectMetric"),
        ("ScalingActive", "FailedGetPodsMetric"),
        ("ScalingActive", "FailedGetResourceMetric"),
        ("ScalingActive", "InvalidSelector"),
    }
)
#: Where the first version of autoscalers has its conditions, as JSON.
_OLD_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"


def claim(item: Object) -> Verdict:
    """By its phase. One that waits for its first pod is as pending as one that waits for a volume."""
    match status_of(item).get("phase"):
        case "Bound":
            return Verdict(Phase.RUNNING, Health.HEALTHY, since=created(item))
        case "Lost":
            return Verdict(Phase.ENDED, Health.FAILED, f"claim {name(item)} has lost its volume", created(item))
        case _:
            reason = f"claim {name(item)} waits for a volume"
            waits = PendingClass.WAITING
            return Verdict(Phase.PENDING, Health.PENDING, reason, created(item), waits, Stage.BINDING)


def service(item: Object) -> Verdict:
    """There, but for one that is to get an address from outside."""
    if item.get("spec", {}).get("type") != "LoadBalancer":
        return by_being_there(item)
    return ingress(item)


def ingress(item: Object) -> Verdict:
    """Under way until somebody has given it an address."""
    if status_of(item).get("loadBalancer", {}).get("ingress"):
        return by_being_there(item)
    return Verdict(Phase.PENDING, Health.PROGRESSING, _ADDRESS, created(item))


def autoscaler(item: Object) -> Verdict:
    """Degraded when it cannot do its work."""
    known = conditions(item) or _old_conditions(item)
    broken = _first(
        condition for kind, condition in known.items() if (kind, condition.get("reason")) in _BROKEN_SCALING
    )
    if broken:
        return Verdict(Phase.RUNNING, Health.DEGRADED, told(broken), since(broken, item))
    if holds(known.get("AbleToScale")) or holds(known.get("ScalingLimited")):
        return by_being_there(item)
    return Verdict(Phase.PENDING, Health.PROGRESSING, "waits for its first figures", created(item))


def disruption_budget(item: Object) -> Verdict:
    """There, unless its controller cannot tell which pods it counts. One that allows nothing now is well."""
    allowed = conditions(item).get("DisruptionAllowed", {})
    if allowed.get("reason") == "SyncFailed":
        return Verdict(Phase.RUNNING, Health.DEGRADED, told(allowed), since(allowed, item))
    return by_being_there(item)


def definition(item: Object) -> Verdict:
    """A CustomResourceDefinition: established, or refused because its names are taken."""
    known = conditions(item)
    established, accepted = known.get("Established", {}), known.get("NamesAccepted", {})
    if holds(established):
        return Verdict(Phase.RUNNING, Health.HEALTHY, since=since(established, item))
    for refused in (accepted, established):
        if refused.get("status") == "False" and refused.get("reason") != "Installing":
            return Verdict(Phase.PENDING, Health.DEGRADED, told(refused), since(refused, item))
    return Verdict(Phase.PENDING, Health.PROGRESSING, "is being installed", created(item))


def _old_conditions(item: Object) -> dict[str, Object]:
    text = item.get("metadata", {}).get("annotations", {}).get(_OLD_CONDITIONS, "")
    try:
        found = json.loads(text) if text else []
    except ValueError:
        return {}
    return conditions({"status": {"conditions": found}})


def _first(found: Iterable[Object]) -> Object | None:
    return next(iter(found), None)
