"""What a recipe's parts say about each other: references exist, defaults fit, ports are there."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic_core import SchemaError

from reconciler.desired.additions import inspect_additions
from reconciler.desired.constraints import inspect_constraints
from reconciler.desired.exporting import alone, inspect_exporter
from reconciler.desired.finding import Finding, Path, did_you_mean
from reconciler.desired.machines import inspect_machines
from reconciler.desired.parameters import check_value, matches
from reconciler.desired.places import inspect_places
from reconciler.desired.probing import check_first_request
from reconciler.desired.references import check_arguments, check_text
from reconciler.desired.words import describe
from reconciler.models.recipe import Parameter, RecipeSpec


def inspect(spec: RecipeSpec) -> list[Finding]:
    """Everything that is wrong between the parts of a recipe."""
    parameters = [*_parameters(spec)]
    # Rules are tried on the defaults, so these must be right before.
    rules = [] if parameters else inspect_constraints(spec)
    own = alone(spec)
    found = [*parameters, *rules, *_ports(own), *_metrics(spec), *_arguments(own), *_environment(own)]
    more = [*inspect_machines(own), *check_first_request(own), *inspect_additions(own)]
    return [*found, *more, *inspect_exporter(spec), *inspect_places(spec)]


def _parameters(spec: RecipeSpec) -> Iterator[Finding]:
    for name, parameter in spec.parameters.items():
        path: Path = ("spec", "parameters", name)
        if not _is_pattern(parameter):
            found = describe(parameter.pattern)
            yield Finding((*path, "pattern"), "is not allowed", found=found, expected="a regular expression")
            continue
        for key, value in (("default", parameter.default), ("example", parameter.example)):
            expected = ", ".join(check_value(parameter, value)) if value is not None else ""
            if expected:
                yield Finding((*path, key), "does not fit", found=describe(value), expected=expected)
        if parameter.path is not None and parameter.type not in ("string", "list"):
            yield Finding((*path, "path"), "only text is a path", found=f"`{parameter.type}`")


def _is_pattern(parameter: Parameter) -> bool:
    try:
        matches(parameter.pattern or "", "")
    except SchemaError:
        return False
    return True


def _ports(spec: RecipeSpec) -> Iterator[Finding]:
    health = spec.health
    named = {
        ("spec", "health", "http", "port"): health.http.port if health.http else None,
        ("spec", "health", "tcp", "port"): health.tcp.port if health.tcp else None,
        ("spec", "health", "grpc", "port"): health.grpc.port if health.grpc else None,
        ("spec", "health", "firstRequest", "port"): health.first_request.port if health.first_request else None,
    }
    for path, port in named.items():
        if port is not None and port not in spec.ports:
            yield Finding(path, "unknown port", found=f"`{port}`", fix=did_you_mean(port, spec.ports))


def _metrics(spec: RecipeSpec) -> Iterator[Finding]:
    """Their port may be that of an exporter, which nothing else of the recipe knows."""
    port = spec.metrics.port if spec.metrics else None
    if port is not None and port not in spec.ports:
        path = ("spec", "metrics", "port")
        yield Finding(path, "unknown port", found=f"`{port}`", fix=did_you_mean(port, spec.ports))


def _arguments(spec: RecipeSpec) -> Iterator[Finding]:
    start: Path = ("spec", "start")
    container, process = spec.start.container, spec.start.process
    yield from check_arguments(spec, (*start, "container", "command"), container.command)
    yield from check_arguments(spec, (*start, "container", "args"), container.args)
    if process is not None:
        yield from check_arguments(spec, (*start, "process", "command"), process.command)
        for number, step in enumerate(process.prepare):
            path = (*start, "process", "prepare", number)
            yield from check_text(spec, (*path, "unless"), step.unless)
            yield from check_arguments(spec, (*path, "command"), step.command)
    for number, stale in enumerate(spec.start.stale):
        if stale.storage not in spec.storage:
            fix = did_you_mean(stale.storage, spec.storage)
            yield Finding((*start, "stale", number, "storage"), "unknown volume", found=f"`{stale.storage}`", fix=fix)
    if spec.health.exec is not None:
        yield from check_arguments(spec, ("spec", "health", "exec", "command"), spec.health.exec.command)


def _environment(spec: RecipeSpec) -> Iterator[Finding]:
    process = spec.start.process
    places: dict[Path, dict[str, str]] = {
        ("spec", "env"): spec.env,
        ("spec", "start", "container", "env"): spec.start.container.env,
        ("spec", "start", "process", "env"): process.env if process else {},
    }
    for path, env in places.items():
        for name, text in env.items():
            # A variable whose parameter is unset is left out, so it may refer to any.
            yield from check_text(spec, (*path, name), text, unset=True)
