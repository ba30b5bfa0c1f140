"""PURE. A recipe's container → the pod template, restricted by default."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.desired.arguments import Parts, Reference, environment, expand
from reconciler.errors import RefusedError
from reconciler.kube import marks
from reconciler.kube.kinds import Object
from reconciler.kube.render import labels, storage
from reconciler.kube.render.container import container
from reconciler.kube.render.exporter import exporter
from reconciler.kube.render.mounts import found_mounts, found_volumes
from reconciler.kube.render.objects import configuration, digest
from reconciler.models.kubernetes import Toleration
from reconciler.models.wanted import ResolvedService
from reconciler.settings import KubernetesTarget

#: Changes with the configuration, so that pods are replaced when only the ConfigMap is different.
_CONFIG = "reconciler/config"


@dataclass(frozen=True, slots=True)
class Role:
    """The part that some pods of a service have: `labels` tell them from its others, `env` are further variables.

    Pods that do not answer are not asked for their health. `revision` is the label by which Kubernetes tells the pods
    of one version from those of the next, where they stand side by side during a change.
    """

    labels: tuple[tuple[str, str], ...] = ()
    env: tuple[Object, ...] = ()
    answers: bool = True
    revision: str = ""


def selector(service: ResolvedService, owner: str, role: Role) -> dict[str, str]:
    """The labels that only the pods with this role have; they never change."""
    return {**marks.identity(owner, service.name), **dict(role.labels)}


def template(service: ResolvedService, target: KubernetesTarget, owner: str, role: Role) -> Object:
    """The template of the pods with this role. Raises RefusedError when the target cannot run them."""
    return {
        "metadata": {
            "labels": {**labels.of(service, owner), **dict(role.labels)},
            "annotations": {_CONFIG: digest(configuration(service))},
        },
        "spec": _spec(service, target, owner, role),
    }


def _spec(service: ResolvedService, target: KubernetesTarget, owner: str, role: Role) -> Object:
    options = service.service.spec.kubernetes
    secret_volumes, secret_mounts = storage.secret_volume(service, _secret_files(service))
    mounts = [*storage.mounts(service), *found_mounts(options.mounts), *secret_mounts]
    beside, its_volumes = exporter(service) if role.answers else ([], [])
    spec: Object = {
        "containers": [container(service, target, mounts, role.env, answers=role.answers), *beside],
        "volumes": [*storage.volumes(service), *found_volumes(options.mounts), *secret_volumes, *its_volumes],
        "securityContext": _security(service),
        "serviceAccountName": options.service_account,
        "terminationGracePeriodSeconds": math.ceil(service.recipe.spec.stop.grace.total_seconds()),
        "automountServiceAccountToken": False,
        # Variables such as <SERVICE>_PORT change the meaning of programs: a Service named vllm breaks vLLM.
        "enableServiceLinks": False,
        "nodeSelector": _node_selector(service, target),
        "tolerations": [_toleration(one) for one in _tolerations(service, target)],
        "topologySpreadConstraints": _spread(service, owner, role.revision),
    }
    return {key: value for key, value in spec.items() if value not in ([], {}, None)}


def _spread(service: ResolvedService, owner: str, revision: str) -> list[Object]:
    """Also where there is one replica: the template must not change, and pods be replaced, when there will be more."""
    spread = service.service.spec.kubernetes.topology_spread
    if spread.mode == "none":
        return []
    constraint: Object = {
        "maxSkew": 1,
        "topologyKey": spread.key,
        "whenUnsatisfiable": "DoNotSchedule" if spread.mode == "hard" else "ScheduleAnyway",
        "labelSelector": {"matchLabels": marks.identity(owner, service.name)},
    }
    return [constraint | ({"matchLabelKeys": [revision]} if revision else {})]


def _tolerations(service: ResolvedService, target: KubernetesTarget) -> Sequence[Toleration]:
    own = service.service.spec.kubernetes.tolerations
    return (*own, *(one for one in target.gpu_tolerations if one not in own)) if service.resources.gpus else own


def _toleration(toleration: Toleration) -> Object:
    made: Object = toleration.model_dump(exclude_none=True)
    return made


def _secret_files(service: ResolvedService) -> set[str]:
    """The secrets that the recipe reads as files. Raises RefusedError for one that the service does not set."""
    form = service.recipe.spec.start.container
    used = [*expand(form.command, service), *expand(form.args, service), *environment(form.env, service).values()]
    names = {part.name for part in _references(used) if part.kind == "secretfile"}
    if missing := sorted(names - service.service.spec.secrets.keys()):
        raise RefusedError(f"service {service.name}: spec.secrets.{missing[0]}: its recipe needs it; set it")
    return names


def _references(texts: Iterable[Parts]) -> Iterable[Reference]:
    return (part for parts in texts for part in parts if isinstance(part, Reference))


def _node_selector(service: ResolvedService, target: KubernetesTarget) -> dict[str, str]:
    kind = service.resources.gpu_type
    if kind is None or not service.resources.gpus:
        return dict(service.service.spec.kubernetes.node_selector)
    if kind not in target.gpu_types:
        known = ", ".join(sorted(target.gpu_types)) or "none"
        raise RefusedError(f"service {service.name}: resources.gpuType: found {kind}, expected one of: {known}")
    return {**service.service.spec.kubernetes.node_selector, **target.gpu_types[kind]}


def _security(service: ResolvedService) -> Object:
    """Passes Pod Security `restricted` where the recipe names a user but root; an image's own user is unknown."""
    user = service.recipe.spec.start.container.user
    seccomp: Object = {"seccompProfile": {"type": "RuntimeDefault"}}
    if user is None:
        return seccomp
    groups = {"fsGroup": user, "fsGroupChangePolicy": "OnRootMismatch"}
    return {"runAsUser": user, "runAsGroup": user, "runAsNonRoot": user != 0, **groups, **seccomp}
