"""What a recipe says of its machines where one replica spans several."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.desired.finding import Finding, Path
from reconciler.desired.references import check_text
from reconciler.models.recipe import RecipeSpec


def inspect_machines(spec: RecipeSpec) -> Iterator[Finding]:
    """Everything that is wrong with it."""
    place: Path = ("spec", "start", "machines")
    machines = spec.start.machines
    if (machines.all or machines.others or machines.ports) and not spec.multi_node:
        yield Finding(
            place, "is for replicas of several machines, and this recipe runs on one", fix="add `multiNode: true`"
        )
    for name in machines.ports.keys() & spec.ports.keys():
        yield Finding((*place, "ports", name), "is a port of the recipe already", fix="give one of them another name")
    for key, texts in (("all", machines.all), ("others", machines.others)):
        for number, text in enumerate(texts):
            yield from check_text(spec, (*place, key, number), text, several=True)
