"""What a recipe adds on Kubernetes: objects of allowed kinds under the service's name, and patches."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from pydantic import JsonValue

from reconciler.desired.finding import Finding, Path
from reconciler.desired.references import check_text
from reconciler.models.kinds import why_never
from reconciler.models.kubernetes import ExtraObject, Patch
from reconciler.models.recipe import RecipeSpec

#: Characters of all objects of a recipe together, as JSON.
LARGEST = 256_000
_NAME = re.compile(r"\$\{service\.name\}(-.*)?")


def inspect_additions(spec: RecipeSpec) -> Iterator[Finding]:
    """Everything that is wrong with the recipe's objects and patches."""
    place: Path = ("spec", "kubernetes")
    for number, item in enumerate(spec.kubernetes.objects):
        yield from _object(spec, (*place, "objects", number), item)
    size = sum(len(item.model_dump_json()) for item in spec.kubernetes.objects)
    if size > LARGEST:
        expected = f"at most {LARGEST:,} characters"
        yield Finding((*place, "objects"), "too large", found=f"{size:,} characters", expected=expected)
    for number, patch in enumerate(spec.kubernetes.patches):
        yield from _patch(spec, (*place, "patches", number, "patch"), patch)


def _object(spec: RecipeSpec, path: Path, item: ExtraObject) -> Iterator[Finding]:
    if why := why_never(f"{item.api_version}/{item.kind}"):
        yield Finding((*path, "kind"), f"is never applied: {why}", found=f"`{item.kind}`")
    if not _NAME.fullmatch(item.metadata.name):
        expected = "`${service.name}`, or that with `-` and a suffix"
        yield Finding((*path, "metadata", "name"), "is not allowed", found=f"`{item.metadata.name}`", expected=expected)
    yield from _texts(spec, path, json.loads(item.model_dump_json(exclude_unset=True)))


def _patch(spec: RecipeSpec, path: Path, patch: Patch) -> Iterator[Finding]:
    if isinstance(patch.patch, dict):
        yield from _texts(spec, path, patch.patch)
        return
    for number, operation in enumerate(patch.patch):
        yield from _texts(spec, (*path, number, "value"), operation.value)


def _texts(spec: RecipeSpec, path: Path, value: JsonValue) -> Iterator[Finding]:
    match value:
        case str():
            yield from check_text(spec, path, value)
        case list():
            for index, item in enumerate(value):
                yield from _texts(spec, (*path, index), item)
        case dict():
            for key, item in value.items():
                yield from _texts(spec, (*path, key), item)
        case _:
            return
