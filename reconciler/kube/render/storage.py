"""PURE. A recipe's volumes → claims, volumes and mounts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.desired.kubernetes import access_mode
from reconciler.errors import RefusedError
from reconciler.kube.kinds import CLAIM, STATEFUL_SET, Object
from reconciler.kube.render.objects import made
from reconciler.kube.render.templates import mapping
from reconciler.kube.render.words import SECRETS
from reconciler.models.recipe import Volume
from reconciler.models.wanted import ResolvedService
from reconciler.settings import KubernetesTarget

_SECRETS_VOLUME = "reconciler-secrets"
#: Replicas of one StatefulSet whose claims are counted (the most that a service can have).
_MOST = 1000


def claims(service: ResolvedService, target: KubernetesTarget) -> list[Object]:
    """The claims of a stateless service, which its replicas share.

    They are named `<service>.<volume>`: neither part has a dot, so that two services never share one by accident.
    """
    if service.recipe.spec.stateful:
        return []
    return [
        made(CLAIM, claim_name(service.name, name), spec=_claim_spec(service, target, name))
        for name in persistent(service)
    ]


def claim_templates(service: ResolvedService, target: KubernetesTarget, labels: dict[str, str]) -> list[Object]:
    """The claims of a stateful service: one of each for each replica, made by its StatefulSet.

    Kubernetes names them `<volume>-<service>-<ordinal>`, which is unambiguous as long as the volume has no hyphen.
    Raises RefusedError when it has: two services could come to share one claim.
    """
    if not service.recipe.spec.stateful:
        return []
    for name in persistent(service):
        if "-" in name:
            recipe = service.recipe.metadata.name
            raise RefusedError(f"recipe {recipe}: storage.{name}: a volume of a stateful recipe must not have a hyphen")
    return [
        {"metadata": {"name": name, "labels": labels}, "spec": _claim_spec(service, target, name)}
        for name in persistent(service)
    ]


def template_claims(objects: Iterable[Object], replicas: int) -> tuple[str, ...]:
    """The names of the claims that the StatefulSets among the objects will make, or take when they are there.

    `replicas` counts where an object does not say how many: somebody else owns that field.
    """
    sets = (item for item in objects if item["kind"] == STATEFUL_SET.name)
    return tuple(name for item in sets for name in _claims_of(item, replicas))


def _claims_of(item: Object, replicas: int) -> Iterator[str]:
    spec = mapping(item.get("spec"))
    templates, wanted = spec.get("volumeClaimTemplates"), spec.get("replicas")
    count = min(wanted, _MOST) if isinstance(wanted, int) else replicas
    for template in templates if isinstance(templates, list) else ():
        name = mapping(mapping(template).get("metadata")).get("name")
        yield from (f"{name}-{item['metadata']['name']}-{ordinal}" for ordinal in range(count))


def volumes(service: ResolvedService) -> list[Object]:
    """The volumes of the pod that no claim template provides."""
    spec = service.recipe.spec
    claimed = {} if spec.stateful else persistent(service)
    shared = [
        {"name": name, "persistentVolumeClaim": {"claimName": claim_name(service.name, name)}} for name in claimed
    ]
    scratch = [
        {"name": name, "emptyDir": _scratch(volume)} for name, volume in service.storage.items() if not volume.lasts
    ]
    return [*shared, *scratch]


def mounts(service: ResolvedService) -> list[Object]:
    """Where the volumes are inside the container."""
    return [{"name": name, "mountPath": volume.path} for name, volume in service.recipe.spec.storage.items()]


def secret_volume(service: ResolvedService, names: set[str]) -> tuple[list[Object], list[Object]]:
    """The volume with the secrets that are read as files, and its mount; both empty when there are none."""
    if not names:
        return [], []
    sources = [
        {"secret": {"name": reference.name, "items": [{"key": reference.key, "path": name}]}}
        for name, reference in service.service.spec.secrets.items()
        if name in names
    ]
    volume = {"name": _SECRETS_VOLUME, "projected": {"defaultMode": 0o440, "sources": sources}}
    return [volume], [{"name": _SECRETS_VOLUME, "mountPath": SECRETS, "readOnly": True}]


def persistent(service: ResolvedService) -> dict[str, Volume]:
    """The volumes whose data outlives the pods."""
    return {name: volume for name, volume in service.storage.items() if volume.lasts}


def claim_name(service: str, volume: str) -> str:
    """The name of a claim that the replicas of a stateless service share."""
    return f"{service}.{volume}"


def _scratch(volume: Volume) -> Object:
    return {"medium": "Memory", "sizeLimit": volume.size} if volume.memory else {"sizeLimit": volume.size}


def _claim_spec(service: ResolvedService, target: KubernetesTarget, name: str) -> Object:
    wanted = service.service.spec
    own = wanted.storage.get(name)
    mode = access_mode(target, wanted, service.recipe, name)
    spec: Object = {"accessModes": [mode], "resources": {"requests": {"storage": service.storage[name].size}}}
    storage_class = (own.storage_class if own else None) or target.storage_class
    return spec | ({"storageClassName": storage_class} if storage_class else {})
