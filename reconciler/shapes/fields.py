"""Fields of a service's YAML as the fields of a request that they came from, so that a complaint leads to its cause."""

from __future__ import annotations

_NAMES = {"spec.recipe": "recipe_name", "metadata.name": "name"}
#: Parts of `spec:` that have a field of their own in a request; all others stand in its `spec`, as in the YAML.
_OWN = ("nodes", "replicas", "target", "config")


def body_field(field: str) -> str:
    """`spec.config.maxModelLen` → `config.maxModelLen`, `spec.recipe` → `recipe_name`, `spec.slurm.time` as it is."""
    if field in _NAMES:
        return _NAMES[field]
    outer, _, inner = field.partition(".")
    first = inner.partition(".")[0].partition("[")[0]
    if (outer == "spec" and first in _OWN) or (outer == "metadata" and first == "labels"):
        return inner
    return field
