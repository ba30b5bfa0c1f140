"""PURE. The Secret whose values are made on the cluster, as it is before they are.

It has all values that the recipe lets be made, also those that the service names itself: so none is missing on the day
that it names them no more. What is in it is never changed, as it is made by a create and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.desired.secrets import made_name
from reconciler.kube import marks
from reconciler.kube.kinds import SECRET, Object
from reconciler.kube.render import labels
from reconciler.models.wanted import ResolvedService


@dataclass(frozen=True, slots=True)
class Generated:
    """A Secret without values, and how many letters and digits each of them is to have, by its key."""

    item: Object
    lengths: Mapping[str, int]

    def __str__(self) -> str:
        metadata = self.item["metadata"]
        keys = ", ".join(f"{key} ({length} letters and digits)" for key, length in self.lengths.items())
        return f"Secret {metadata['namespace']}/{metadata['name']} is made where there is none: {keys}"


def generated(service: ResolvedService, owner: str) -> Generated | None:
    """The Secret that is made for a service; None where it names all secrets itself."""
    if not service.generated:
        return None
    name, namespace = made_name(service.name), service.namespace
    metadata = {
        "name": name,
        "namespace": namespace,
        "labels": labels.of(service, owner),
        "annotations": {marks.ID: marks.identifier(owner, service.name, SECRET.name, namespace, name)},
    }
    item: Object = {"apiVersion": SECRET.api_version, "kind": SECRET.name, "metadata": metadata, "type": "Opaque"}
    needs = service.recipe.spec.secrets.items()
    return Generated(item, {key: need.generate for key, need in needs if need.generate})
