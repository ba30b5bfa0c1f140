"""What a service says about its volumes, against the recipe that has them."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.desired.finding import Finding, Path, did_you_mean
from reconciler.models.recipe import Recipe
from reconciler.models.service import ServiceSpec, StorageOptions


def check_storage(spec: ServiceSpec, recipe: Recipe) -> Iterator[Finding]:
    """Volumes that the recipe does not have, and words about claims where there is none of that kind."""
    known = recipe.spec.storage
    for name, own in spec.storage.items():
        path: Path = ("spec", "storage", name)
        if name not in known:
            problem = f"the recipe {recipe.metadata.name} has no such volume"
            yield Finding(path, problem, fix=did_you_mean(name, known))
        elif not known[name].lasts:
            yield from _check_scratch(path, own)
        elif own.access_mode == "ReadWriteMany" and recipe.spec.stateful:
            problem = f"each replica of the stateful recipe {recipe.metadata.name} has a claim of its own"
            yield Finding((*path, "accessMode"), problem, found="`ReadWriteMany`", expected="`ReadWriteOnce`")


def _check_scratch(path: Path, own: StorageOptions) -> Iterator[Finding]:
    for word, value in (("storageClass", own.storage_class), ("accessMode", own.access_mode)):
        if value is not None:
            problem = "this volume is gone with the workload, and no claim stands for it"
            yield Finding((*path, word), problem, fix="leave it out; only the size counts")
