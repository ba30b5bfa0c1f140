"""A service with nothing left open: recipe < target < service, within the limits of the target it goes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.desired.constraints import check_constraints, derive, facts_of
from reconciler.desired.exporting import chosen
from reconciler.desired.finding import Finding, did_you_mean
from reconciler.desired.kubernetes import check_kubernetes
from reconciler.desired.overrides import check_image, overridden
from reconciler.desired.parameters import resolve_config
from reconciler.desired.placement import choose_target, lacks_gpus
from reconciler.desired.probing import check_length
from reconciler.desired.recipes import Catalogue
from reconciler.desired.repeats import check_repeats
from reconciler.desired.secrets import check_needs, check_place, generated, with_generated
from reconciler.desired.storage import check_storage
from reconciler.desired.variables import check_variables
from reconciler.models.recipe import Recipe
from reconciler.models.revision import Revision
from reconciler.models.service import Resources, Service, ServiceSpec, SlurmOptions, Value
from reconciler.models.units import format_duration
from reconciler.models.wanted import ResolvedService
from reconciler.settings import KubernetesTarget, Settings, SlurmTarget

Resolution = tuple[ResolvedService | None, tuple[Finding, ...]]


def resolve(service: Service, catalogue: Catalogue, settings: Settings, revision: Revision, file: str) -> Resolution:
    """The service made ready, or everything that stands against it."""
    spec = service.spec
    recipe = catalogue.recipes.get(spec.recipe)
    if recipe is None:
        return None, (_lacking(spec.recipe, catalogue),)
    written, recipe = recipe, overridden(recipe, spec)
    config, findings = resolve_config(recipe.spec.parameters, spec.config)
    findings += [*_check_against_recipe(spec, recipe), *check_storage(spec, recipe)]
    resources = _merge_resources(recipe.spec.resources, spec.resources)
    config, wrong = _together(recipe, spec, config, resources) if not findings else (config, [])
    findings += wrong
    name = choose_target(spec.target, resources, settings)
    if isinstance(name, Finding):
        return None, (*findings, name)
    target = settings.targets[name]
    slurm = _merge_slurm(target, spec.slurm)
    findings += [*check_image(spec, written, name, target, settings)]
    findings += _check_target(name, target, service, recipe, resources, slurm)
    if findings:
        return None, tuple(findings)
    made = generated(service, recipe)
    resolved = ResolvedService(
        service=with_generated(service, made),
        recipe=chosen(recipe, config, resources),
        target=name,
        config=config,
        resources=resources,
        slurm=slurm,
        namespace=_namespace(target, spec),
        revision=revision,
        file=file,
        frozen=catalogue.frozen.get(spec.recipe, ""),
        env={**target.defaults.env, **spec.env},
        generated=made,
    )
    too_long = tuple(check_length(resolved))
    return (None, too_long) if too_long else (resolved, ())


def _lacking(name: str, catalogue: Catalogue) -> Finding:
    place = ("spec", "recipe")
    if name in catalogue.bad:
        return Finding(place, f"no version of the recipe {name} was ever good: {catalogue.bad[name]}")
    return Finding(place, "unknown recipe", found=f"`{name}`", fix=did_you_mean(name, catalogue.recipes))


def _together(
    recipe: Recipe, spec: ServiceSpec, config: Mapping[str, Value | None], resources: Resources
) -> tuple[dict[str, Value | None], list[Finding]]:
    """The config with what is derived, and where it does not go together with the rest."""
    facts = facts_of(config, resources, spec.nodes, spec.replicas)
    values, findings = derive(recipe.spec.parameters, config, facts)
    facts = facts_of(values, resources, spec.nodes, spec.replicas)
    return values, [*findings, *check_constraints(recipe.spec, spec, facts), *check_repeats(recipe.spec, values)]


def _merge_resources(recipe: Resources, service: Resources) -> Resources:
    return recipe.model_copy(update=_set_values(service))


def _merge_slurm(target: KubernetesTarget | SlurmTarget, service: SlurmOptions) -> SlurmOptions:
    """The service's options over the target's defaults; without any time limit the longest allowed is asked for."""
    defaults = {name: getattr(target.defaults, name) for name in SlurmOptions.model_fields}
    values = {**defaults, **_set_values(service)}
    if values["time"] is None and isinstance(target, SlurmTarget):
        values["time"] = target.limits.time
    return SlurmOptions.model_construct(**values)


def _set_values(model: Resources | SlurmOptions) -> dict[str, object]:
    return {name: value for name, value in model if value is not None}


def _namespace(target: KubernetesTarget | SlurmTarget, spec: ServiceSpec) -> str:
    return (spec.kubernetes.namespace or target.namespaces[0]) if isinstance(target, KubernetesTarget) else ""


def _check_against_recipe(spec: ServiceSpec, recipe: Recipe) -> Iterator[Finding]:
    if spec.nodes > 1 and not recipe.spec.multi_node:
        problem = f"the recipe {recipe.metadata.name} runs on one machine only"
        yield Finding(("spec", "nodes"), problem, found=str(spec.nodes), expected="1")
    yield from check_needs(spec, recipe)


def _check_target(
    name: str,
    target: KubernetesTarget | SlurmTarget,
    service: Service,
    recipe: Recipe,
    resources: Resources,
    slurm: SlurmOptions,
) -> Iterator[Finding]:
    gpus = lacks_gpus(target, resources)
    if gpus:
        yield Finding(("spec", "resources", "gpus"), f"the target {name} {gpus}")
    match target:
        case KubernetesTarget():
            yield from check_kubernetes(name, target, service, recipe)
        case SlurmTarget():
            yield from _check_slurm(name, target, service, recipe, slurm)
    yield from _check_amounts(name, target, service.spec, resources)


def _check_slurm(
    name: str, target: SlurmTarget, service: Service, recipe: Recipe, slurm: SlurmOptions
) -> Iterator[Finding]:
    if target.runtime == "none" and recipe.spec.start.process is None:
        problem = f"the recipe {recipe.metadata.name} starts in a container only, and the target {name} runs none"
        yield Finding(("spec", "recipe"), problem, fix="choose another target")
    yield from check_place(name, target, service.spec, generated(service, recipe))
    if target.runtime == "none":
        yield from check_variables(name, service.spec, recipe)
    inner = recipe.spec.start.machines.ports if service.spec.nodes > 1 else ()
    ports, room = len(recipe.spec.ports) + len(inner), target.ports[1] - target.ports[0] + 1
    if ports > room:
        problem, fix = f"has more ports than a job on the target {name} may use", "the operator widens `ports` of it"
        yield Finding(("spec", "recipe"), problem, found=str(ports), expected=f"at most {room}", fix=fix)
    limit = target.limits.time
    if limit is not None and slurm.time is not None and slurm.time > limit:
        found, expected = format_duration(slurm.time), f"at most {format_duration(limit)}"
        yield Finding(("spec", "slurm", "time"), f"longer than the target {name} allows", found, expected)


def _check_amounts(
    name: str, target: KubernetesTarget | SlurmTarget, spec: ServiceSpec, resources: Resources
) -> Iterator[Finding]:
    machines = spec.replicas * spec.nodes
    asked = {
        "machines": (machines, target.limits.nodes, ("spec", "nodes" if spec.nodes > 1 else "replicas")),
        "GPUs": (machines * (resources.gpus or 0), target.limits.gpus, ("spec", "resources", "gpus")),
    }
    for what, (amount, limit, path) in asked.items():
        if limit is not None and amount > limit:
            problem = f"more {what} than the target {name} allows for one service"
            yield Finding(path, problem, found=f"{amount} (with all replicas)", expected=f"at most {limit}")
