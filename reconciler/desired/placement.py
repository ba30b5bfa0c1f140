"""Which target a service goes to."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.desired.finding import Finding, did_you_mean
from reconciler.models.service import Resources
from reconciler.settings import KubernetesTarget, Settings, SlurmTarget

_PATH = ("spec", "target")


def choose_target(wish: str, resources: Resources, settings: Settings) -> str | Finding:
    """The name of a target for `spec.target`: a name, a kind (its first in the operator's order) or `auto`.

    `auto` puts a service that asks for GPUs on the first Slurm target that has them, else on the first Kubernetes
    target that does; others go to the first Kubernetes target, else to the first of all.
    """
    if wish in settings.targets:
        return wish
    order = _order(settings)
    if wish in ("kubernetes", "slurm"):
        of_kind = [name for name in order if settings.targets[name].kind == wish]
        return of_kind[0] if of_kind else Finding(_PATH, f"there is no {wish} target", fix=_known(settings))
    if wish != "auto":
        return Finding(_PATH, "unknown target", found=f"`{wish}`", fix=did_you_mean(wish, [*settings.targets, "auto"]))
    return _automatic(resources, settings, order)


def lacks_gpus(target: KubernetesTarget | SlurmTarget, resources: Resources) -> str:
    """Why the target cannot give the GPUs that are asked for; "" when it can, or when none are."""
    if not resources.gpus:
        return ""
    has_any = target.gpu_resource is not None if isinstance(target, KubernetesTarget) else bool(target.gpu_types)
    if not has_any:
        return "has no GPUs"
    types = sorted(target.gpu_types)
    if resources.gpu_type is not None and resources.gpu_type not in types:
        return f"has no GPUs of type {resources.gpu_type} (it has {', '.join(types) or 'no types'})"
    return ""


def _automatic(resources: Resources, settings: Settings, order: tuple[str, ...]) -> str | Finding:
    wanted_kinds = ("slurm", "kubernetes") if resources.gpus else ("kubernetes", "slurm")
    candidates = (name for kind in wanted_kinds for name in order if settings.targets[name].kind == kind)
    for name in candidates:
        if not lacks_gpus(settings.targets[name], resources):
            return name
    reasons = "; ".join(_reasons(resources, settings))
    return Finding(_PATH, "no target has the GPUs", found=reasons, expected=_gpu_words(resources))


def _reasons(resources: Resources, settings: Settings) -> Iterator[str]:
    return (f"{name} {lacks_gpus(target, resources)}" for name, target in settings.targets.items())


def _gpu_words(resources: Resources) -> str:
    return f"{resources.gpus} GPUs" + (f" of type {resources.gpu_type}" if resources.gpu_type else "")


def _order(settings: Settings) -> tuple[str, ...]:
    """The operator's order: `placement`, or the targets as they are written. Only those in it are chosen from."""
    known = tuple(name for name in settings.placement if name in settings.targets)
    return known or tuple(settings.targets)


def _known(settings: Settings) -> str:
    return f"targets: {', '.join(settings.targets)}"
