"""PURE. What a recipe or a service adds and changes by itself, within what the operator allows."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.errors import RefusedError
from reconciler.kube.kinds import Object
from reconciler.kube.render import labels
from reconciler.kube.render.extra import extra_objects
from reconciler.kube.render.patches import patched
from reconciler.kube.render.rights import too_much
from reconciler.kube.render.templates import mapping, templates, with_templates
from reconciler.models.wanted import ResolvedService
from reconciler.settings import KubernetesTarget


def customised(
    rendered: Sequence[Object], service: ResolvedService, target: KubernetesTarget, owner: str
) -> list[Object] | None:
    """The rendered objects and those of the recipe, patched; None when nothing is added or changed.

    Raises RefusedError for what cannot be done, and for what the target does not allow.
    """
    recipe = service.recipe.spec.kubernetes
    if not (recipe.objects or recipe.patches or service.service.spec.kubernetes.patches):
        return None
    further = [_placed(item, service, owner) for item in extra_objects(service)]
    _refuse_twice([*rendered, *further], service)
    made = patched([*rendered, *further], service)
    ours, theirs = made[: len(rendered)], made[len(rendered) :]
    kept = [_with_labels_of(before, after, service) for before, after in zip(rendered, ours, strict=True)]
    for item in theirs:
        _refuse_labels(item, service)
    if not target.allow_privileged:
        _refuse_rights([*kept, *theirs], service, target)
    return [*kept, *theirs]


def _placed(item: Object, service: ResolvedService, owner: str) -> Object:
    metadata = item["metadata"]
    label = {**labels.of(service, owner), **metadata.get("labels", {})}
    whole = {"annotations": {}, **metadata, "namespace": service.namespace, "labels": label}
    return {**item, "metadata": whole}


def _name(item: Object) -> str:
    return f"{item['kind']} {item['metadata']['name']}"


def _refuse_twice(objects: Sequence[Object], service: ResolvedService) -> None:
    names = [_name(item) for item in objects]
    for name in names:
        if names.count(name) > 1:
            recipe = service.recipe.metadata.name
            raise RefusedError(f"{service.file}: recipe {recipe}: spec.kubernetes.objects: {name} is there twice")


def _with_labels_of(before: Object, after: Object, service: ResolvedService) -> Object:
    """The labels by which pods are found stay on the pod templates, whatever a patch did."""
    if len(templates(before)) != len(templates(after)):
        raise RefusedError(f"{service.file}: {_name(before)}: a patch takes away a pod template")
    originals = iter(templates(before))

    def put_back(template: Object) -> Object:
        metadata = mapping(template.get("metadata"))
        others = {key: text for key, text in mapping(metadata.get("labels")).items() if not labels.reserved(key)}
        mine = _reserved(next(originals))
        return {**template, "metadata": {**metadata, "labels": {**others, **mine}}}

    return with_templates(after, put_back)


def _refuse_labels(item: Object, service: ResolvedService) -> None:
    """Pods of a recipe's own objects must not be taken for those of a service."""
    for template in templates(item):
        for key in _reserved(template):
            raise RefusedError(f"{service.file}: {_name(item)}: the pods' label {key} is for Reconciler alone")


def _reserved(template: Object) -> Object:
    """The labels of its pods that are for Reconciler alone."""
    found = mapping(mapping(template.get("metadata")).get("labels"))
    return {key: text for key, text in found.items() if labels.reserved(key)}


def _refuse_rights(objects: Sequence[Object], service: ResolvedService, target: KubernetesTarget) -> None:
    made = {item["metadata"]["name"] for item in objects if item["kind"] == "ServiceAccount"}
    for item in objects:
        if field := too_much(item, {"default", *target.service_accounts, *made}):
            raise RefusedError(
                f"{service.file}: {_name(item)}: {field}: the target {service.target} does not allow it to recipes and "
                "patches; the operator can (allowPrivileged, serviceAccounts)"
            )
