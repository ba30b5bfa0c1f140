"""PURE. A resolved service → the Kubernetes objects that it is made of.

Each service has a ConfigMap with its resolved configuration, a Service when it has ports, claims when it has data, and
what runs its pods (`workloads`); on request or where the cluster has the kind also a NetworkPolicy, a
PodDisruptionBudget and a monitor, and what its recipe adds. The signal that asks a container to end is its image's own
(STOPSIGNAL): Kubernetes before 1.33 cannot choose one, and the official images choose well (PostgreSQL: SIGINT).
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import cast

from reconciler.desired.finding import field_name
from reconciler.desired.kubernetes import check_kubernetes
from reconciler.errors import Complaint, RefusedError
from reconciler.kube import marks
from reconciler.kube.kinds import Object, order_of
from reconciler.kube.render import labels, pointers, storage
from reconciler.kube.render.availability import disruption_budget
from reconciler.kube.render.custom import customised
from reconciler.kube.render.monitors import monitors
from reconciler.kube.render.network import network
from reconciler.kube.render.objects import config_map, digest
from reconciler.kube.render.secrets import Generated, generated
from reconciler.kube.render.templates import mapping, with_templates
from reconciler.kube.render.workloads import workloads
from reconciler.models.wanted import ResolvedService
from reconciler.models.workload import Mark
from reconciler.settings import KubernetesTarget


@dataclass(frozen=True, slots=True)
class Manifest:
    """The objects of one service in the order of application, without what changes from one deploy to the next.

    `digest` hashes all of them: equal digests mean that the same would run. `claims` names the claims that Kubernetes
    itself will make, or take when they are there. `careful`: patches or further objects are in it, so that nobody but
    the API server knows whether it is right. `ignore` are pointers to what others own, which is not in the objects.
    `generated` is no part of them: it is made once, and then left alone.
    """

    objects: tuple[Object, ...]
    digest: str
    claims: tuple[str, ...] = ()
    careful: bool = False
    ignore: tuple[str, ...] = ()
    generated: Generated | None = None


def render(
    service: ResolvedService, target: KubernetesTarget, owner: str, served: AbstractSet[str] = frozenset()
) -> Manifest:
    """All objects of a service on a cluster that has, of the kinds that may be lacking, those in `served`.

    Raises RefusedError when it cannot run on this target.
    """
    _refuse(service, target)
    plain = [_named(item, service, owner) for item in _objects(service, target, owner, served)]
    careful = customised(plain, service, target, owner)
    made = (_own(item, service, owner) for item in (plain if careful is None else careful))
    objects = tuple(sorted(made, key=order_of))
    claims = storage.template_claims(objects, service.service.spec.replicas)
    ignore = service.service.spec.ignore
    # What is ignored is never applied, and still it matters when that changes: fields change their owner.
    known = digest([objects, ignore] if ignore else objects)
    return Manifest(objects, known, claims, careful is not None, ignore, generated(service, owner))


def stamp(manifest: Manifest, mark: Mark) -> tuple[Object, ...]:
    """The objects as they are applied under `mark`. A restart changes the pod template, so pods are replaced."""
    return tuple(_stamped(item, mark, len(manifest.objects)) for item in manifest.objects)


def _refuse(service: ResolvedService, target: KubernetesTarget) -> None:
    """What a check of the repository finds is found here too, whoever asks."""
    for finding in check_kubernetes(service.target, target, service.service, service.recipe):
        field = field_name(finding.path)
        words = Complaint(service.file, 0, 0, field, finding.problem, finding.found, finding.expected, finding.fix)
        raise RefusedError(str(words))


def _objects(
    service: ResolvedService, target: KubernetesTarget, owner: str, served: AbstractSet[str]
) -> Iterator[Object]:
    yield config_map(service)
    yield from storage.claims(service, target)
    yield from workloads(service, target, owner, served)
    yield from network(service, owner, served)
    yield from disruption_budget(service, owner)
    yield from monitors(service, owner, served)


def _named(item: Object, service: ResolvedService, owner: str) -> Object:
    """With whole metadata, as patches find it."""
    name = item["metadata"]["name"]
    return item | {"metadata": _metadata(name, service, labels.of(service, owner), {})}


def _own(item: Object, service: ResolvedService, owner: str) -> Object:
    """Without what others own; whose it is is put on last, so that no patch and no pointer can take it away."""
    kept = cast("Object", pointers.without(item, service.service.spec.ignore))
    found = mapping(kept.get("metadata"))
    mine = marks.labels(owner, service.name, service.recipe.metadata.name)
    metadata = _metadata(
        item["metadata"]["name"],
        service,
        {**_unreserved(found.get("labels")), **mine},
        _unreserved(found.get("annotations")),
    )
    if not metadata["annotations"]:
        del metadata["annotations"]
    head = {"apiVersion": item["apiVersion"], "kind": item["kind"], "metadata": metadata}
    return head | {key: value for key, value in kept.items() if key not in head}


def _metadata(name: str, service: ResolvedService, label: Object, note: Object) -> Object:
    return {"name": name, "namespace": service.namespace, "labels": label, "annotations": note}


def _unreserved(words: object) -> Object:
    """Without what only Reconciler writes."""
    return {key: text for key, text in mapping(words).items() if not labels.reserved(key)}


def _stamped(item: Object, mark: Mark, objects: int) -> Object:
    metadata = item["metadata"]
    notes = marks.notes(mark, objects, item["kind"], metadata["namespace"], metadata["name"])
    stamped = {**item, "metadata": {**metadata, "annotations": {**metadata.get("annotations", {}), **notes}}}
    return with_templates(stamped, lambda template: _restarted(template, mark.restart)) if mark.restart else stamped


def _restarted(template: Object, restart: str) -> Object:
    metadata = mapping(template.get("metadata"))
    annotations = {**mapping(metadata.get("annotations")), marks.RESTART: restart}
    return {**template, "metadata": {**metadata, "annotations": annotations}}
