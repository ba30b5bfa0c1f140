"""What exports a service's metrics beside its server: is it there, and does its recipe say it right? Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.desired.arguments import is_set
from reconciler.desired.finding import Finding, Path, did_you_mean
from reconciler.desired.references import check_arguments, check_text
from reconciler.desired.words import describe
from reconciler.models.exporter import Exporter
from reconciler.models.recipe import Recipe, RecipeSpec
from reconciler.models.service import Resources, Value

_PLACE: Path = ("spec", "exporter")


def chosen(recipe: Recipe, config: Mapping[str, Value | None], resources: Resources) -> Recipe:
    """The recipe as it is for a service: without metrics where their exporter is left out, and as it is otherwise."""
    when = recipe.spec.exporter.when if recipe.spec.exporter else None
    if when is None:
        return recipe
    value = resources.gpus if when == "resources.gpus" else config[when.removeprefix("config.")]
    if is_set(value):
        return recipe
    spec = alone(recipe.spec).model_copy(update={"exporter": None, "metrics": None})
    return recipe.model_copy(update={"spec": spec})


def alone(spec: RecipeSpec) -> RecipeSpec:
    """The recipe as the server knows it: the port of its exporter is none of its own."""
    own = exporter_port(spec)
    ports = {name: port for name, port in spec.ports.items() if name != own}
    return spec.model_copy(update={"ports": ports}) if own else spec


def exporter_port(spec: RecipeSpec) -> str:
    """The name of the port on which the exporter listens; "" where there is none."""
    return spec.metrics.port if spec.exporter and spec.metrics else ""


def inspect_exporter(spec: RecipeSpec) -> Iterator[Finding]:
    """What is wrong with a recipe's exporter."""
    exporter = spec.exporter
    if exporter is None:
        return
    if spec.metrics is None:
        fix = "add `metrics: {port: …}` with a port of its own"
        yield Finding(_PLACE, "exports nothing: the recipe has no `metrics`", fix=fix)
    if exporter.resources.gpus or exporter.resources.gpu_type:
        yield Finding((*_PLACE, "resources"), "an exporter has no GPUs", fix="leave them out")
    guard = (exporter.when or "").removeprefix("config.")
    if exporter.when and exporter.when.startswith("config.") and guard not in spec.parameters:
        fix = did_you_mean(guard, spec.parameters)
        yield Finding((*_PLACE, "when"), "unknown parameter", found=f"`{guard}`", fix=fix)
    for variable, secret in exporter.secrets.items():
        if secret not in spec.secrets:
            fix = did_you_mean(secret, spec.secrets)
            yield Finding((*_PLACE, "secrets", variable), "unknown secret", found=f"`{secret}`", fix=fix)
    yield from _texts(spec, exporter, guard)


def _texts(spec: RecipeSpec, exporter: Exporter, guard: str) -> Iterator[Finding]:
    container, process = exporter.container, exporter.process
    lists = {("container", "command"): container.command, ("container", "args"): container.args}
    environments: dict[tuple[str, ...], Mapping[str, str]] = {("env",): exporter.env}
    environments[("container", "env")] = container.env
    if process is not None:
        first = process.command[0]
        if not isinstance(first, str) or "$" in first:
            expected = "the name of the program"
            yield Finding(
                (*_PLACE, "process", "command", 0), "is not allowed", found=describe(first), expected=expected
            )
        lists[("process", "command")] = process.command
        environments[("process", "env")] = process.env
    for place, arguments in lists.items():
        yield from check_arguments(spec, (*_PLACE, *place), arguments, guard=guard)
    for path, env in environments.items():
        for name, text in env.items():
            yield from check_text(spec, (*_PLACE, *path, name), text, unset=True)
