"""PURE. How many replicas an eviction leaves alone."""

from __future__ import annotations

from reconciler.kube import marks
from reconciler.kube.kinds import DISRUPTION_BUDGET, Object
from reconciler.kube.render.objects import made
from reconciler.models.kubernetes import Amount, DisruptionBudget
from reconciler.models.wanted import ResolvedService


def disruption_budget(service: ResolvedService, owner: str) -> list[Object]:
    """The PodDisruptionBudget of a service that asks for one."""
    budget = service.service.spec.kubernetes.pod_disruption_budget
    if budget is None:
        return []
    bound = _of_groups(service, budget) if service.service.spec.nodes > 1 else _of_pods(budget)
    selector = {"matchLabels": marks.identity(owner, service.name)}
    return [made(DISRUPTION_BUDGET, service.name, spec={**bound, "selector": selector})]


def _of_pods(budget: DisruptionBudget) -> Object:
    if budget.min_available is not None:
        return {"minAvailable": budget.min_available}
    return {"maxUnavailable": budget.max_unavailable}


def _of_groups(service: ResolvedService, budget: DisruptionBudget) -> Object:
    """A replica of several machines is gone with any of them: as many pods may be evicted as replicas may be missing.

    Shares are rounded up, as Kubernetes does it.
    """
    replicas = service.service.spec.replicas
    if budget.min_available is not None:
        return {"maxUnavailable": max(0, replicas - _count(budget.min_available, replicas))}
    return {"maxUnavailable": _count(budget.max_unavailable or 0, replicas)}


def _count(amount: Amount, replicas: int) -> int:
    return amount if isinstance(amount, int) else -(-int(amount.removesuffix("%")) * replicas // 100)
