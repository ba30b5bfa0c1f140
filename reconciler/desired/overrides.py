"""What a service says in the place of its recipe: another version of the image, a longer start. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.desired.finding import Finding, Path
from reconciler.models.recipe import Recipe
from reconciler.models.service import ServiceSpec
from reconciler.settings import KubernetesTarget, Settings, SlurmTarget

_IMAGE: Path = ("spec", "image")


def overridden(recipe: Recipe, spec: ServiceSpec) -> Recipe:
    """The recipe as it is for this service; nobody who renders or judges it has to look for more.

    Where the service says nothing, it is the very one that all its like share.
    """
    changed: dict[str, object] = {}
    if spec.image is not None:
        changed["image"] = spec.image
    if spec.health.startup is not None:
        changed["health"] = recipe.spec.health.model_copy(update={"startup": spec.health.startup})
    return recipe.model_copy(update={"spec": recipe.spec.model_copy(update=changed)}) if changed else recipe


def check_image(
    spec: ServiceSpec, recipe: Recipe, name: str, target: KubernetesTarget | SlurmTarget, settings: Settings
) -> Iterator[Finding]:
    """What is wrong with the image that a service names, for this target; `recipe` is as it was written."""
    if spec.image is None:
        return
    if isinstance(target, SlurmTarget) and target.runtime == "none":
        problem = f"the target {name} runs no containers"
        fix = "leave it out: the version is that of the programs on the target's path; or choose another target"
        yield Finding(_IMAGE, problem, found=f"`{spec.image}`", fix=fix)
    own = repository(recipe.spec.image)
    if not settings.recipes.repository and repository(spec.image) != own:
        # Whoever may not bring recipes may not bring programs either.
        problem, expected = "another image than the recipe's", f"another version of it, such as `{own}:1.2.3`"
        yield Finding(_IMAGE, problem, found=f"`{spec.image}`", expected=expected)


def repository(image: str) -> str:
    """An image without its tag and its digest."""
    path, colon, tag = image.partition("@")[0].rpartition(":")
    return path if colon and "/" not in tag else image.partition("@")[0]
