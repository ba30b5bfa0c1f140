"""PURE. A recipe's container → the pod template, restricted by default."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import timedelta

from reconciler.desired.arguments import Parts, Reference, environment, expand
from reconciler.errors import RefusedError
from reconciler.kube.kinds import Object
from reconciler.kube.render import storage
from reconciler.models.recipe import HealthProbe
from reconciler.models.wanted import ResolvedService
from reconciler.settings import KubernetesTarget

#: Name of the one container.
CONTAINER = "main"
#: A pod that is not ready gets no requests; only one that stays so for this many times longer is restarted.
_PATIENCE = 3


def template(service: ResolvedService, target: KubernetesTarget) -> Object:
    """The `spec` of the pods of a service. Raises RefusedError when this target cannot run it."""
    secret_volumes, secret_mounts = storage.secret_volume(service, _secret_files(service))
    spec: Object = {
        "containers": [_container(service, target, [*storage.mounts(service), *secret_mounts])],
        "volumes": [*storage.volumes(service), *secret_volumes],
        "securityContext": _pod_security(service),
        "terminationGracePeriodSeconds": math.ceil(service.recipe.spec.stop.grace.total_seconds()),
        "automountServiceAccountToken": False,
        # Variables such as <SERVICE>_PORT change the meaning of programs: a Service named vllm breaks vLLM.
        "enableServiceLinks": False,
        "nodeSelector": _node_selector(service, target),
        "tolerations": [
            toleration.model_dump(exclude_none=True) for toleration in service.service.spec.kubernetes.tolerations
        ],
    }
    return {key: value for key, value in spec.items() if value not in ([], {})}


def _container(service: ResolvedService, target: KubernetesTarget, mounts: list[Object]) -> Object:
    spec = service.recipe.spec
    form = spec.start.container
    container: Object = {
        "name": CONTAINER,
        "image": spec.image,
        "imagePullPolicy": "IfNotPresent",
        "command": [_literal(parts, service) for parts in expand(form.command, service)],
        "args": [_literal(parts, service) for parts in expand(form.args, service)],
        "env": _env(service),
        "ports": [{"containerPort": port.container, "protocol": "TCP"} for port in spec.ports.values()],
        "resources": _resources(service, target),
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        **_probes(service),
        "volumeMounts": mounts,
    }
    return {key: value for key, value in container.items() if value not in ([], {})}


def _env(service: ResolvedService) -> list[Object]:
    values = environment(service.recipe.spec.start.container.env, service)
    secrets = service.service.spec.secrets
    plain = [{"name": name, "value": _literal(parts, service)} for name, parts in values.items() if name not in secrets]
    hidden = [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": reference.name, "key": reference.key}}}
        for name, reference in secrets.items()
    ]
    return [*plain, *hidden]


def _literal(parts: Parts, service: ResolvedService) -> str:
    """One argument as Kubernetes takes it: it expands `$(NAME)` itself, so each dollar sign is doubled."""
    return _fill(parts, service).replace("$", "$$")


def _fill(parts: Parts, service: ResolvedService) -> str:
    return "".join(part if isinstance(part, str) else _value(part, service) for part in parts)


def _value(reference: Reference, service: ResolvedService) -> str:
    spec = service.recipe.spec
    match reference.kind:
        case "port":
            return str(spec.ports[reference.name].container)
        case "storage":
            return spec.storage[reference.name].path
        case "secretfile":
            return f"{storage.SECRETS}/{reference.name}"
        case "host":
            return "0.0.0.0"  # noqa: S104 - in a pod: whoever may reach the pod's address may reach the service


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


def _resources(service: ResolvedService, target: KubernetesTarget) -> Object:
    """Memory and GPUs are limits too; processors are not: a limit would only make a service wait on an idle node."""
    wanted = service.resources
    hard: Object = {"memory": wanted.memory} if wanted.memory else {}
    if wanted.gpus:
        if not target.gpu_resource:
            raise RefusedError(f"service {service.name}: resources.gpus: target {service.target} has no GPUs")
        hard[target.gpu_resource] = str(wanted.gpus)
    requests = ({"cpu": _cpu(wanted.cpus)} if wanted.cpus else {}) | hard
    return {key: value for key, value in (("requests", requests), ("limits", hard)) if value}


def _cpu(cpus: float) -> str:
    """In the words that the API server gives back: whole processors, or thousandths."""
    thousandths = math.ceil(cpus * 1000)
    return f"{thousandths}m" if thousandths % 1000 else str(thousandths // 1000)


def _node_selector(service: ResolvedService, target: KubernetesTarget) -> dict[str, str]:
    kind = service.resources.gpu_type
    if kind is None or not service.resources.gpus:
        return dict(service.service.spec.kubernetes.node_selector)
    if kind not in target.gpu_types:
        known = ", ".join(sorted(target.gpu_types)) or "none"
        raise RefusedError(f"service {service.name}: resources.gpuType: found {kind}, expected one of: {known}")
    return {**service.service.spec.kubernetes.node_selector, **target.gpu_types[kind]}


def _pod_security(service: ResolvedService) -> Object:
    """Passes Pod Security `restricted` where the recipe names a user but root; an image's own user is unknown."""
    user = service.recipe.spec.start.container.user
    seccomp: Object = {"seccompProfile": {"type": "RuntimeDefault"}}
    if user is None:
        return seccomp
    groups = {"fsGroup": user, "fsGroupChangePolicy": "OnRootMismatch"}
    return {"runAsUser": user, "runAsGroup": user, "runAsNonRoot": user != 0, **groups, **seccomp}


def _probes(service: ResolvedService) -> Object:
    health = service.recipe.spec.health
    attempts = math.ceil(health.startup / health.interval)
    return {
        "startupProbe": _probe(health, service, attempts),
        "readinessProbe": _probe(health, service, health.failures),
        "livenessProbe": _probe(health, service, health.failures * _PATIENCE),
    }


def _probe(health: HealthProbe, service: ResolvedService, failures: int) -> Object:
    return {
        **_question(health, service),
        "periodSeconds": _seconds(health.interval),
        "timeoutSeconds": _seconds(health.timeout),
        "failureThreshold": failures,
    }


def _question(health: HealthProbe, service: ResolvedService) -> Object:
    ports = service.recipe.spec.ports
    if health.http:
        return {"httpGet": {"port": ports[health.http.port].container, "path": health.http.path}}
    if health.tcp:
        return {"tcpSocket": {"port": ports[health.tcp.port].container}}
    command = health.exec.command if health.exec else ()
    return {"exec": {"command": [_fill(parts, service) for parts in expand(command, service)]}}


def _seconds(value: timedelta) -> int:
    """Kubernetes counts in whole seconds, at least one."""
    return max(1, math.ceil(value.total_seconds()))
