"""PURE. What runs the pods of a service: a Deployment, a StatefulSet for data, or groups for several machines."""

from __future__ import annotations

import math
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import timedelta

from reconciler.desired.kubernetes import shared_on_one_node
from reconciler.kube import marks
from reconciler.kube.kinds import DEPLOYMENT, STATEFUL_SET, Object
from reconciler.kube.render import groups, pods, storage
from reconciler.kube.render.network import governing_name
from reconciler.kube.render.objects import made
from reconciler.models.wanted import ResolvedService
from reconciler.settings import KubernetesTarget

_IMAGE_PULL = timedelta(minutes=10)


def workloads(
    service: ResolvedService, target: KubernetesTarget, owner: str, served: AbstractSet[str]
) -> Iterator[Object]:
    """The objects that run its pods. Raises RefusedError when the target cannot run it."""
    if service.service.spec.nodes > 1:
        yield from groups.groups(service, target, owner, served)
    elif service.recipe.spec.stateful:
        yield _stateful_set(service, target, owner)
    else:
        yield _deployment(service, target, owner)


def _deployment(service: ResolvedService, target: KubernetesTarget, owner: str) -> Object:
    startup = service.recipe.spec.health.startup + _IMAGE_PULL
    role = pods.Role(revision="pod-template-hash")
    spec = {
        "replicas": service.service.spec.replicas,
        "revisionHistoryLimit": 3,
        "progressDeadlineSeconds": math.ceil(startup.total_seconds()),
        "strategy": _strategy(service, target),
        "selector": {"matchLabels": pods.selector(service, owner, role)},
        "template": pods.template(service, target, owner, role),
    }
    return made(DEPLOYMENT, service.name, spec=spec)


def _strategy(service: ResolvedService, target: KubernetesTarget) -> Object:
    """Pods are never old and new at once where they share a claim that can be mounted on one node only."""
    if shared_on_one_node(target, service.service.spec, service.recipe):
        return {"type": "Recreate"}
    rollout = service.service.spec.rollout
    # Kubernetes refuses a rollout that may neither add nor take away.
    return {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": rollout.max_surge, "maxUnavailable": rollout.missing},
    }


def _stateful_set(service: ResolvedService, target: KubernetesTarget, owner: str) -> Object:
    """Replicas are independent of each other, so that they start at once; their claims stay when it goes."""
    role = pods.Role()
    identity = pods.selector(service, owner, role)
    # The labels of a claim template can never be changed: only those that never will are put on.
    claim_labels = {marks.MANAGED_BY: marks.MANAGER, **identity}
    spec = {
        "replicas": service.service.spec.replicas,
        "revisionHistoryLimit": 3,
        "serviceName": governing_name(service),
        "podManagementPolicy": "Parallel",
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        "selector": {"matchLabels": identity},
        "template": pods.template(service, target, owner, role),
    }
    if templates := storage.claim_templates(service, target, claim_labels):
        spec["volumeClaimTemplates"] = templates
    return made(STATEFUL_SET, service.name, spec=spec)
