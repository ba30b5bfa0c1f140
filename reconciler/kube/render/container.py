"""PURE. A recipe's container → the one container of its pods that serves."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reconciler.desired.arguments import environment, expand, of_machines
from reconciler.desired.exporting import alone
from reconciler.errors import RefusedError
from reconciler.kube.kinds import Object
from reconciler.kube.render.probes import probes
from reconciler.kube.render.words import literal
from reconciler.models.wanted import ResolvedService
from reconciler.settings import KubernetesTarget

#: Its name.
CONTAINER = "main"


def container(
    service: ResolvedService,
    target: KubernetesTarget,
    mounts: Sequence[Object],
    further: Sequence[Object] = (),
    *,
    answers: bool = True,
) -> Object:
    """The container with these mounts; `further` are environment variables before its own.

    Without `answers` it is one machine of several, and not the one that is asked for its health. Raises RefusedError
    when the target cannot run it.
    """
    spec = service.recipe.spec
    form = spec.start.container
    arguments = (*expand(form.args, service), *of_machines(service, leads=answers))
    made: Object = {
        "name": CONTAINER,
        "image": spec.image,
        "imagePullPolicy": "IfNotPresent",
        "command": [literal(parts, service) for parts in expand(form.command, service)],
        "args": [literal(parts, service) for parts in arguments],
        "env": _env(service, further),
        "ports": [{"containerPort": port.container, "protocol": "TCP"} for port in alone(spec).ports.values()],
        "resources": _resources(service, target),
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        **(probes(service) if answers else {}),
        "volumeMounts": list(mounts),
    }
    return {key: value for key, value in made.items() if value not in ([], {})}


def _env(service: ResolvedService, further: Sequence[Object]) -> list[Object]:
    values = environment(service.recipe.spec.start.container.env, service)
    secrets = service.service.spec.secrets
    plain: list[Object] = [
        {"name": name, "value": literal(parts, service)} for name, parts in values.items() if name not in secrets
    ]
    hidden: list[Object] = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": reference.name, "key": reference.key}}}
        for name, reference in secrets.items()
    ]
    given = {one["name"] for one in further}
    return [*further, *(one for one in (*plain, *hidden) if one["name"] not in given)]


def _resources(service: ResolvedService, target: KubernetesTarget) -> Object:
    """Memory and GPUs are limits too; processors are not: a limit would only make a service wait on an idle node."""
    wanted = service.resources
    hard: Object = {"memory": wanted.memory} if wanted.memory else {}
    if wanted.gpus:
        if not target.gpu_resource:
            raise RefusedError(f"service {service.name}: resources.gpus: target {service.target} has no GPUs")
        hard[target.gpu_resource] = str(wanted.gpus)
    requests = ({"cpu": cpu(wanted.cpus)} if wanted.cpus else {}) | hard
    return {key: value for key, value in (("requests", requests), ("limits", hard)) if value}


def cpu(cpus: float) -> str:
    """In the words that the API server gives back: whole processors, or thousandths."""
    thousandths = math.ceil(cpus * 1000)
    return f"{thousandths}m" if thousandths % 1000 else str(thousandths // 1000)
