"""What a recipe's parts say about each other: references exist, defaults fit, ports are there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic_core import SchemaError

from reconciler.desired.additions import inspect_additions
from reconciler.desired.constraints import inspect_constraints
from reconciler.desired.finding import Finding, Path, did_you_mean
from reconciler.desired.machines import inspect_machines
from reconciler.desired.parameters import check_value, matches
from reconciler.desired.probing import check_first_request
from reconciler.desired.references import check_text
from reconciler.desired.words import describe
from reconciler.models.recipe import Argument, Parameter, RecipeSpec, When


def inspect(spec: RecipeSpec) -> list[Finding]:
    """Everything that is wrong between the parts of a recipe."""
    parameters = [*_parameters(spec)]
    # Rules are tried on the defaults, so these must be right before.
    rules = [] if parameters else inspect_constraints(spec)
    found = [*parameters, *rules, *_ports(spec), *_arguments(spec), *_environment(spec)]
    return [*found, *inspect_machines(spec), *check_first_request(spec), *inspect_additions(spec)]


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
        ("spec", "metrics", "port"): spec.metrics.port if spec.metrics else None,
    }
    for path, port in named.items():
        if port is not None and port not in spec.ports:
            yield Finding(path, "unknown port", found=f"`{port}`", fix=did_you_mean(port, spec.ports))


def _arguments(spec: RecipeSpec) -> Iterator[Finding]:
    start: Path = ("spec", "start")
    container, process = spec.start.container, spec.start.process
    yield from _check_all(spec, (*start, "container", "command"), container.command)
    yield from _check_all(spec, (*start, "container", "args"), container.args)
    if process is not None:
        yield from _check_all(spec, (*start, "process", "command"), process.command)
        for number, step in enumerate(process.prepare):
            path = (*start, "process", "prepare", number)
            yield from check_text(spec, (*path, "unless"), step.unless)
            yield from _check_all(spec, (*path, "command"), step.command)
    if spec.health.exec is not None:
        yield from _check_all(spec, ("spec", "health", "exec", "command"), spec.health.exec.command)


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


def _check_all(spec: RecipeSpec, path: Path, arguments: Sequence[Argument]) -> Iterator[Finding]:
    for number, argument in enumerate(arguments):
        place = (*path, number)
        if not isinstance(argument, When):
            yield from check_text(spec, place, argument)
            continue
        guard = argument.when.removeprefix("config.")
        if argument.when.startswith("config.") and guard not in spec.parameters:
            fix = did_you_mean(guard, spec.parameters)
            yield Finding((*place, "when"), "unknown parameter", found=f"`{guard}`", fix=fix)
        for index, text in enumerate(argument.args):
            yield from check_text(spec, (*place, "args", index), text, guard=guard)
