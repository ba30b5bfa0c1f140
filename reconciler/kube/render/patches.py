"""PURE. Changes of rendered objects: JSON patches (RFC 6902) and merge patches (RFC 7386), of recipe and service."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import cast

from jsonpatch import JsonPatch, JsonPatchException
from jsonpointer import JsonPointerException

from reconciler.errors import RefusedError
from reconciler.kube.kinds import Object
from reconciler.kube.render.extra import LARGEST
from reconciler.kube.render.words import Json, expand_json
from reconciler.models.kubernetes import Operation, Patch
from reconciler.models.wanted import ResolvedService


def patched(objects: Sequence[Object], service: ResolvedService) -> list[Object]:
    """The objects with all patches, those of the recipe first; what is handed over is not changed.

    Raises RefusedError for a patch that fits no object, cannot be carried out, or changes which object it is.
    """
    made = list(objects)
    for where, patch, recipe in _all(service):
        targets = [index for index, item in enumerate(made) if _fits(item, patch)]
        if not targets:
            present = ", ".join(f"{item['kind']} {item['metadata']['name']}" for item in made)
            raise RefusedError(f"{where}.target: found {_target(patch)}, expected one of: {present}")
        for index in targets:
            made[index] = _apply(where, patch, made[index], service if recipe else None)
    return made


def merged(value: Json, patch: Json) -> Json:
    """RFC 7386: a mapping is laid over another, null takes a key away, anything else takes the place."""
    if not isinstance(patch, dict):
        return patch
    base = value if isinstance(value, dict) else {}
    kept = {key: item for key, item in base.items() if key not in patch}
    return kept | {key: merged(base.get(key), item) for key, item in patch.items() if item is not None}


def _all(service: ResolvedService) -> Iterator[tuple[str, Patch, bool]]:
    """Where each patch stands, the patch, and whether it is the recipe's, so that it may hold `${…}`."""
    recipe = service.recipe
    for number, patch in enumerate(recipe.spec.kubernetes.patches):
        yield f"{service.file}: recipe {recipe.metadata.name}: spec.kubernetes.patches[{number}]", patch, True
    for number, patch in enumerate(service.service.spec.kubernetes.patches):
        yield f"{service.file}: spec.kubernetes.patches[{number}]", patch, False


def _fits(item: Object, patch: Patch) -> bool:
    target = patch.target
    return bool(item["kind"] == target.kind) and target.name in (None, item["metadata"]["name"])


def _target(patch: Patch) -> str:
    return f"{patch.target.kind} {patch.target.name or '(any)'}"


def _apply(where: str, patch: Patch, item: Object, service: ResolvedService | None) -> Object:
    """One patch on one object; with `service`, its texts are filled."""
    if isinstance(patch.patch, dict):
        layer = expand_json(cast("Json", patch.patch), service) if service else cast("Json", patch.patch)
        result = merged(item, layer)
    else:
        result = item
        for number, operation in enumerate(patch.patch):
            place = f"{where}.patch[{number}] ({operation.op} {operation.path})"
            result = _operate(place, operation, result, service)
    return _same_object(where, item, result)


def _operate(place: str, operation: Operation, value: Json, service: ResolvedService | None) -> Json:
    written = operation.model_dump(mode="json", exclude_unset=True)
    if service is not None and "value" in written:
        written["value"] = expand_json(written["value"], service)
    try:
        result: Json = JsonPatch([written]).apply(value)
    except (JsonPatchException, JsonPointerException, TypeError, KeyError, ValueError, AttributeError) as error:
        raise RefusedError(f"{place}: {error}") from error
    # Operations that copy double what is there, each time.
    if (size := len(json.dumps(result))) > LARGEST:
        raise RefusedError(f"{place}: found {size} bytes, expected at most {LARGEST}")
    return result


def _same_object(where: str, before: Object, after: Json) -> Object:
    if not isinstance(after, dict) or not isinstance(metadata := after.get("metadata"), dict):
        raise RefusedError(f"{where}: a patch cannot take away the metadata of an object")
    for key in ("apiVersion", "kind"):
        if after.get(key) != before[key]:
            raise RefusedError(f"{where}: a patch cannot change /{key}: found {after.get(key)}")
    words = {key for key in metadata.keys() | before["metadata"].keys() if key not in ("labels", "annotations")}
    for key in sorted(words):
        if metadata.get(key) != before["metadata"].get(key):
            raise RefusedError(f"{where}: a patch cannot change /metadata/{key}, only labels and annotations")
    return after
