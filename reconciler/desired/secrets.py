"""The secrets of a service: what it names, what is made for it, and whether its target can give them. Pure.

A secret that the recipe lets be made (`generate`) and that the service does not name gets a reference as if the service
had named it: `{name: <service>-generated, key: <NAME>}`. The value is made on the platform, never here. A service that
names just this itself says the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.desired.finding import Finding, Path
from reconciler.models.recipe import Recipe
from reconciler.models.service import SecretReference, Service, ServiceSpec
from reconciler.models.wanted import ResolvedService
from reconciler.settings import SlurmTarget

#: What the names of secrets end with that were made for a service.
MADE = "-generated"

_PLACE: Path = ("spec", "secrets")


def made_name(service: str) -> str:
    """The name under which the secrets are that are made for a service."""
    return f"{service}{MADE}"


def generated(service: Service, recipe: Recipe) -> dict[str, int]:
    """The secrets that are to be made for a service, each with the number of its letters and digits."""
    own, made = service.spec.secrets, made_name(service.metadata.name)
    needs = ((name, need.generate, SecretReference(name=made, key=name)) for name, need in recipe.spec.secrets.items())
    return {name: length for name, length, reference in needs if length and own.get(name, reference) == reference}


def with_generated(service: Service, made: Mapping[str, int]) -> Service:
    """The service as if it had named the secrets that are made for it."""
    if not made:
        return service
    name = made_name(service.metadata.name)
    more = {key: SecretReference(name=name, key=key) for key in made}
    spec = service.spec.model_copy(update={"secrets": {**service.spec.secrets, **more}})
    return service.model_copy(update={"spec": spec})


def users_of_made(service: str, target: str, services: Iterable[ResolvedService]) -> Iterator[str]:
    """The names of the other services on a target that use a secret that was made for `service`."""
    for other in services:
        names = {reference.name for reference in other.service.spec.secrets.values()}
        if other.target == target and other.name != service and made_name(service) in names:
            yield other.name


def check_needs(spec: ServiceSpec, recipe: Recipe) -> Iterator[Finding]:
    """What the recipe needs and the service does not name, or names in the open."""
    for name, need in recipe.spec.secrets.items():
        if name in spec.secrets or not need.required:
            continue
        if not need.generate:
            problem, fix = f'is missing ("{need.description}")', f"add `{name}: {{name: …, key: …}}`"
            yield Finding((*_PLACE, name), problem, fix=fix)
        elif name in spec.env:
            fix = f"add `{name}: {{name: …, key: …}}` to `secrets:`, or leave it out: a value is made then"
            yield Finding(("spec", "env", name), "is a secret of the recipe, and would be in Git", fix=fix)


def check_place(name: str, target: SlurmTarget, spec: ServiceSpec, made: Mapping[str, int]) -> Iterator[Finding]:
    """What stands against the secrets of a service on this target, `name`."""
    if target.folders.secrets is not None:
        return
    if made:
        fix = "the operator sets `folders.secrets`, or the service names secrets of its own"
        problem = f"the target {name} has no folder in which a secret can be made"
        yield Finding((*_PLACE, next(iter(made))), problem, fix=fix)
    if spec.secrets and not target.secret_command:
        fix = "the operator sets `folders.secrets` or `secretCommand`"
        yield Finding(_PLACE, f"the target {name} has no folder for secrets", fix=fix)
