"""PURE. A recipe's exporter → a second container of the pods that answer, and its volume.

It must never cost the service anything: it has no probe, few resources, of the secrets and folders only those that its
words refer to, and a root file system that it cannot write to. A pod is ready only while all of its containers run, so
that where the image has a shell, a few lines of ours keep the container while the program in it is started again.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.desired.arguments import Parts, Reference, expand, expand_env
from reconciler.desired.exporting import exporter_port
from reconciler.kube.kinds import Object
from reconciler.kube.render.container import cpu
from reconciler.kube.render.programs import program
from reconciler.kube.render.words import SECRETS, literal
from reconciler.models.exporter import Exporter
from reconciler.models.wanted import ResolvedService

#: Name of the container, and of the volume with its secrets.
EXPORTER = "exporter"
_SECRETS_VOLUME = "reconciler-exporter"
#: The lines that start it again, the same for all.
_KEEPER = program("keeper.sh")
# Kubernetes makes one dollar sign of two.
_KEEPING = ["sh", "-c", _KEEPER.replace("$", "$$"), EXPORTER]


def own_words(command: list[str]) -> list[str]:
    """The words of a container's command that are the recipe's, for people: without what keeps an exporter."""
    return command[len(_KEEPING) :] if command[: len(_KEEPING)] == _KEEPING else command


def exporter(service: ResolvedService) -> tuple[list[Object], list[Object]]:
    """The container and its volumes; both empty where there is no exporter."""
    wanted = service.recipe.spec.exporter
    if wanted is None:
        return [], []
    container = wanted.container
    command, arguments = expand(container.command, service), expand(container.args, service)
    env = expand_env({**wanted.env, **container.env}, service)
    used = {part for parts in (*command, *arguments, *env.values()) for part in parts if isinstance(part, Reference)}
    volumes, mounts = _secrets(service, {one.name for one in used if one.kind == "secretfile"})
    folders = [one for one in service.recipe.spec.storage if Reference("storage", one) in used]
    mounts += [{"name": name, "mountPath": service.recipe.spec.storage[name].path} for name in folders]
    made: Object = {
        "name": EXPORTER,
        "image": wanted.image,
        "imagePullPolicy": "IfNotPresent",
        "command": _kept(wanted, _words(command, service)),
        "args": _words(arguments, service),
        "env": [
            *({"name": name, "value": literal(parts, service)} for name, parts in env.items()),
            *_hidden(wanted, service),
        ],
        "ports": [{"containerPort": _port(service), "protocol": "TCP"}],
        "resources": _resources(wanted),
        "securityContext": _security(wanted),
        "volumeMounts": mounts,
    }
    return [{key: value for key, value in made.items() if value not in ([], {})}], volumes


def _words(texts: Iterable[Parts], service: ResolvedService) -> list[str]:
    return [literal(parts, service) for parts in texts]


def _kept(wanted: Exporter, command: list[str]) -> list[str]:
    return [*_KEEPING, *command] if wanted.container.shell else command


def _port(service: ResolvedService) -> int:
    spec = service.recipe.spec
    return spec.ports[exporter_port(spec)].container


def _hidden(wanted: Exporter, service: ResolvedService) -> list[Object]:
    secrets = service.service.spec.secrets
    named = {variable: secrets[name] for variable, name in wanted.secrets.items() if name in secrets}
    return [
        {"name": variable, "valueFrom": {"secretKeyRef": {"name": reference.name, "key": reference.key}}}
        for variable, reference in named.items()
    ]


def _secrets(service: ResolvedService, names: set[str]) -> tuple[list[Object], list[Object]]:
    """A volume of its own, so that it has no secret that it does not refer to.

    Where the server's user is not known, no group of the pod's owns the files, and its container alone mounts them.
    """
    if not names:
        return [], []
    secrets = service.service.spec.secrets
    sources = [
        {"secret": {"name": secrets[name].name, "items": [{"key": secrets[name].key, "path": name}]}}
        for name in sorted(names)
    ]
    mode = 0o444 if service.recipe.spec.start.container.user is None else 0o440
    volume = {"name": _SECRETS_VOLUME, "projected": {"defaultMode": mode, "sources": sources}}
    return [volume], [{"name": _SECRETS_VOLUME, "mountPath": SECRETS, "readOnly": True}]


def _resources(wanted: Exporter) -> Object:
    """As for the server: memory is a limit too, processors are not."""
    limits = {"memory": wanted.resources.memory} if wanted.resources.memory else {}
    requests = ({"cpu": cpu(wanted.resources.cpus)} if wanted.resources.cpus else {}) | limits
    return {key: value for key, value in (("requests", requests), ("limits", limits)) if value}


def _security(wanted: Exporter) -> Object:
    """Passes Pod Security `restricted`, with the pod's own; the image's user where the recipe names none."""
    user = wanted.container.user
    own: Object = {} if user is None else {"runAsUser": user, "runAsGroup": user, "runAsNonRoot": user != 0}
    return {
        **own,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
