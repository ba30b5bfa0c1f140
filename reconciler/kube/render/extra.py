"""PURE. A recipe's further objects (`kubernetes.objects`), with nothing left open."""

from __future__ import annotations

import json
from typing import cast

from reconciler.errors import RefusedError
from reconciler.kube.kinds import Object
from reconciler.kube.render.words import Json, expand_json
from reconciler.models.kinds import why_never
from reconciler.models.kubernetes import ExtraObject
from reconciler.models.wanted import ResolvedService

#: Bytes of one object as JSON. The API server takes up to 1.5 MiB (etcd's limit for a request).
LARGEST = 1_000_000


def extra_objects(service: ResolvedService) -> list[Object]:
    """The objects of the recipe, named after the service.

    Raises RefusedError for a kind that is never applied, a name that is not of this service, or one that is too large.
    """
    objects = service.recipe.spec.kubernetes.objects
    return [_made(service, number, item) for number, item in enumerate(objects)]


def _made(service: ResolvedService, number: int, item: ExtraObject) -> Object:
    where = f"{service.file}: recipe {service.recipe.metadata.name}: spec.kubernetes.objects[{number}]"
    full = f"{item.api_version}/{item.kind}"
    if why := why_never(full):
        raise RefusedError(f"{where}: {full} is never applied: {why}")
    # As JSON has it: a recipe is read once, and what is made of it must not be a part of it.
    content = cast("dict[str, Json]", item.model_dump(mode="json", exclude_defaults=True))
    made = cast("Object", expand_json(content, service))
    name = made["metadata"]["name"]
    if name != service.name and not name.startswith(f"{service.name}-"):
        expected = f"{service.name}, or {service.name}-…"
        raise RefusedError(f"{where}.metadata.name: found {name}, expected {expected}")
    if (size := len(json.dumps(made))) > LARGEST:
        raise RefusedError(f"{where}: found {size} bytes, expected at most {LARGEST}")
    return made
