"""PURE. The labels of what is made of a service, and the selectors that find its pods.

What selectors and claim templates use can never be changed: that is `marks.identity`, and for replicas of several
machines the role and the replica. All other labels may change from one version of a service to the next.
"""

from __future__ import annotations

import re

from reconciler.kube import marks
from reconciler.models.wanted import ResolvedService

ROLE = "reconciler/role"
REPLICA = "reconciler/replica"
LEADER = "leader"
WORKER = "worker"

_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")


def of(service: ResolvedService, owner: str) -> dict[str, str]:
    """All labels of an object: those of the service, which may choose what a part or a version is called, and ours.

    The common ones are https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/.
    """
    recipe = service.recipe.metadata
    version = image_version(service.recipe.spec.image)
    common = {"app.kubernetes.io/component": recipe.category, "app.kubernetes.io/part-of": owner}
    told = {"app.kubernetes.io/version": version} if version else {}
    mine = marks.labels(owner, service.name, recipe.name)
    return {**common, **told, **service.service.metadata.labels, **mine}


def answering(service: ResolvedService, owner: str) -> dict[str, str]:
    """The labels of the pods that answer: all of them, or the first of each replica of several machines."""
    identity = marks.identity(owner, service.name)
    return {**identity, ROLE: LEADER} if service.service.spec.nodes > 1 else identity


def reserved(key: str) -> bool:
    """Whether a label or annotation is for Reconciler alone to write."""
    return key.startswith("reconciler/") or key == marks.MANAGED_BY


def image_version(image: str) -> str:
    """The tag of an image as the value of a label; "" when it has none, or one that cannot be a label."""
    tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
    return tag if _VALUE.fullmatch(tag) else ""
