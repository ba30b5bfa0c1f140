"""PURE. A recipe's metrics as the Prometheus operator is told of them, where the cluster has it.

Which monitors a Prometheus takes is its own choice, by their labels: a service's `metadata.labels` are on them.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from reconciler.kube import marks
from reconciler.kube.kinds import POD_MONITOR, SERVICE_MONITOR, Object
from reconciler.kube.render import labels
from reconciler.kube.render.objects import made
from reconciler.models.wanted import ResolvedService


def monitors(service: ResolvedService, owner: str, served: AbstractSet[str]) -> list[Object]:
    """The ServiceMonitor of a service with metrics; a PodMonitor where the cluster knows only those."""
    metrics = service.recipe.spec.metrics
    if metrics is None:
        return []
    if SERVICE_MONITOR.name in served:
        # By the labels of Services: the one that gives names to pods has no ports, so that nothing is found there.
        selector = {"matchLabels": marks.identity(owner, service.name)}
        endpoint = {"port": metrics.port, "path": metrics.path}
        return [made(SERVICE_MONITOR, service.name, spec={"selector": selector, "endpoints": [endpoint]})]
    if POD_MONITOR.name in served:
        selector = {"matchLabels": labels.answering(service, owner)}
        number = service.recipe.spec.ports[metrics.port].container
        endpoints = [{"portNumber": number, "path": metrics.path}]
        return [made(POD_MONITOR, service.name, spec={"selector": selector, "podMetricsEndpoints": endpoints})]
    return []
