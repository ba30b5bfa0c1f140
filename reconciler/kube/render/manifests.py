"""PURE. A resolved service → the Kubernetes objects that it is made of.

Each service has a ConfigMap with its resolved configuration, a Service when it has ports, claims when it has data, and
a Deployment, or a StatefulSet when its recipe is stateful. The signal that asks a container to end is its image's own
(STOPSIGNAL): Kubernetes before 1.33 cannot choose one, and the official images choose well (PostgreSQL: SIGINT).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from reconciler.desired.arguments import as_text
from reconciler.errors import RefusedError
from reconciler.kube import marks
from reconciler.kube.kinds import APPLIED, CONFIG_MAP, DEPLOYMENT, SERVICE, STATEFUL_SET, WORKLOADS, Object, kind_of
from reconciler.kube.render import pods, pointers, storage
from reconciler.models.wanted import ResolvedService
from reconciler.models.workload import Mark
from reconciler.settings import KubernetesTarget

#: Changes with the configuration, so that pods are replaced when only the ConfigMap is different.
_CONFIG = "reconciler/config"
_IMAGE_PULL = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The objects of one service in the order of application, without what changes from one deploy to the next.

    `digest` hashes all of them: equal digests mean that the same would run. `claims` names the claims that Kubernetes
    itself will make, or take when they are there.
    """

    objects: tuple[Object, ...]
    digest: str
    claims: tuple[str, ...] = ()


def render(service: ResolvedService, target: KubernetesTarget, owner: str) -> Manifest:
    """All objects of a service. Raises RefusedError when it cannot run on this target."""
    if service.service.spec.nodes > 1:
        raise RefusedError(f"service {service.name}: spec.nodes: more than one machine for a replica is for Slurm only")
    made = (_own(item, service, owner) for item in _objects(service, target, owner))
    order = [kind.name for kind in APPLIED]
    objects = tuple(sorted(made, key=lambda item: order.index(item["kind"])))
    return Manifest(objects, _hash(objects), tuple(storage.template_claims(service)))


def stamp(manifest: Manifest, mark: Mark) -> tuple[Object, ...]:
    """The objects as they are applied under `mark`. A restart changes the pod template, so pods are replaced."""
    return tuple(_stamped(item, _notes(item, mark, len(manifest.objects))) for item in manifest.objects)


def _notes(item: Object, mark: Mark, objects: int) -> dict[str, str]:
    metadata = item["metadata"]
    return marks.notes(mark, objects, item["kind"], metadata["namespace"], metadata["name"])


def _objects(service: ResolvedService, target: KubernetesTarget, owner: str) -> Iterator[Object]:
    yield _config(service)
    yield from storage.claims(service, target)
    if service.recipe.spec.ports:
        yield _service(service, owner)
    pod = {
        "metadata": {
            "labels": _labels(service, owner),
            "annotations": {_CONFIG: _hash(_configuration(service))},
        },
        "spec": pods.template(service, target),
    }
    yield (
        _stateful_set(service, target, owner, pod) if service.recipe.spec.stateful else _deployment(service, owner, pod)
    )


def _own(item: Object, service: ResolvedService, owner: str) -> Object:
    """Without what others own; whose it is is put on last, so that no pointer can take it away."""
    kept = cast("Object", pointers.without(item, service.service.spec.ignore))
    metadata = {"name": item["metadata"]["name"], "namespace": service.namespace, "labels": _labels(service, owner)}
    return {"apiVersion": item["apiVersion"], "kind": item["kind"], "metadata": metadata} | {
        key: value for key, value in kept.items() if key not in ("apiVersion", "kind", "metadata")
    }


def _labels(service: ResolvedService, owner: str) -> dict[str, str]:
    mine = marks.labels(owner, service.name, service.recipe.metadata.name)
    return {**service.service.metadata.labels, **mine}


def _config(service: ResolvedService) -> Object:
    return {**_head(CONFIG_MAP.api_version, CONFIG_MAP.name, service), "data": _configuration(service)}


def _configuration(service: ResolvedService) -> dict[str, str]:
    return {name: as_text(value) for name, value in sorted(service.config.items()) if value is not None}


def _service(service: ResolvedService, owner: str) -> Object:
    ports = [
        {"name": name, "port": port.container, "targetPort": port.container, "protocol": "TCP"}
        for name, port in service.recipe.spec.ports.items()
    ]
    spec = {"selector": marks.identity(owner, service.name), "ports": ports}
    return {**_head(SERVICE.api_version, SERVICE.name, service), "spec": spec}


def _deployment(service: ResolvedService, owner: str, pod: Object) -> Object:
    startup = service.recipe.spec.health.startup + _IMAGE_PULL
    spec = {
        "replicas": service.service.spec.replicas,
        "revisionHistoryLimit": 3,
        "progressDeadlineSeconds": math.ceil(startup.total_seconds()),
        "strategy": _strategy(service),
        "selector": {"matchLabels": marks.identity(owner, service.name)},
        "template": pod,
    }
    return {**_head(DEPLOYMENT.api_version, DEPLOYMENT.name, service), "spec": spec}


def _strategy(service: ResolvedService) -> Object:
    """Pods that share a claim are never old and new at once: it can be mounted on one node only."""
    if storage.persistent(service):
        return {"type": "Recreate"}
    rollout = service.service.spec.rollout
    # Kubernetes refuses a rollout that may neither add nor take away.
    return {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": rollout.max_surge, "maxUnavailable": rollout.missing},
    }


def _stateful_set(service: ResolvedService, target: KubernetesTarget, owner: str, pod: Object) -> Object:
    """Replicas are independent of each other, so that they start at once; their claims stay when it goes."""
    identity = marks.identity(owner, service.name)
    # The labels of a claim template can never be changed: only those that never will are put on.
    claim_labels = {marks.MANAGED_BY: marks.MANAGER, **identity}
    spec = {
        "replicas": service.service.spec.replicas,
        "revisionHistoryLimit": 3,
        "serviceName": service.name,
        "podManagementPolicy": "Parallel",
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        "selector": {"matchLabels": identity},
        "template": pod,
    }
    if templates := storage.claim_templates(service, target, claim_labels):
        spec["volumeClaimTemplates"] = templates
    return {**_head(STATEFUL_SET.api_version, STATEFUL_SET.name, service), "spec": spec}


def _head(api_version: str, kind: str, service: ResolvedService) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": service.name}}


def _stamped(item: Object, notes: dict[str, str]) -> Object:
    stamped = {**item, "metadata": {**item["metadata"], "annotations": notes}}
    if marks.RESTART in notes and kind_of(item) in WORKLOADS:
        spec = item.get("spec", {})
        stamped["spec"] = {**spec, "template": _restarted(spec.get("template", {}), notes[marks.RESTART])}
    return stamped


def _restarted(template: Object, restart: str) -> Object:
    metadata = template.get("metadata", {})
    return {
        **template,
        "metadata": {**metadata, "annotations": {**metadata.get("annotations", {}), marks.RESTART: restart}},
    }


def _hash(value: object) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
