"""PURE. `${…}` in a recipe as Kubernetes has it: ports, folders and secret files are where the pod has them."""

from __future__ import annotations

from reconciler.desired.arguments import REFERENCE, Part, Parts, Reference, expand_text
from reconciler.models.service import Value
from reconciler.models.wanted import ResolvedService

#: Where secret files are mounted; a tmpfs made by the kubelet, never a disk.
SECRETS = "/run/reconciler/secrets"
#: The variables that tell a container its place among the machines of its replica (render/groups.py sets them).
PLACES = {"count": "RECONCILER_NODES", "rank": "RECONCILER_RANK", "leader": "RECONCILER_LEADER"}
#: What JSON knows.
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def fill(parts: Parts, service: ResolvedService) -> str:
    """One argument, with nothing left open."""
    return "".join(part if isinstance(part, str) else _value(part, service) for part in parts)


def literal(parts: Parts, service: ResolvedService) -> str:
    """As `fill`, for a container: Kubernetes expands `$(NAME)` there itself, so each dollar sign is doubled.

    But for the place of a machine among several, which only its variables tell.
    """
    return "".join(_literal(part, service) for part in parts)


def expand_json(value: Json, service: ResolvedService) -> Json:
    """A copy with all texts filled; keys stay. A text that is one reference and nothing else keeps its type."""
    match value:
        case str():
            return _text(value, service)
        case list():
            return [expand_json(item, service) for item in value]
        case dict():
            return {key: expand_json(item, service) for key, item in value.items()}
        case _:
            return value


def _text(text: str, service: ResolvedService) -> Json:
    whole = REFERENCE.fullmatch(text)
    kind, _, name = whole[1].partition(".") if whole else ("", "", "")
    if kind == "config":
        return _plain(service.config[name])
    if kind == "port":
        return service.recipe.spec.ports[name].container
    return fill(expand_text(text, service), service)


def _plain(value: Value | None) -> Json:
    return list(value) if isinstance(value, tuple) else value


def _value(reference: Reference, service: ResolvedService) -> str:
    spec = service.recipe.spec
    match reference.kind:
        case "port":
            return str((spec.ports | spec.start.machines.ports)[reference.name].container)
        case "storage":
            return spec.storage[reference.name].path
        case "secretfile":
            return f"{SECRETS}/{reference.name}"
        case "host":
            return "0.0.0.0"  # noqa: S104 - in a pod: whoever may reach the pod's address may reach the service
        case "nodes":
            return f"$({PLACES[reference.name]})"


def _literal(part: Part, service: ResolvedService) -> str:
    if isinstance(part, Reference):
        value = _value(part, service)
        return value if part.kind == "nodes" else value.replace("$", "$$")
    return part.replace("$", "$$")
