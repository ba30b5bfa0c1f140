"""What parameters, resources and machines must be together: a recipe's `constraints`; values derived from others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.desired.expressions import (
    Comparison,
    ExpressionError,
    Facts,
    Name,
    Sum,
    Term,
    holds,
    names_in,
    parse_rule,
    parse_sum,
    value_of,
)
from reconciler.desired.finding import Finding, Path, did_you_mean
from reconciler.desired.parameters import check_value
from reconciler.desired.words import describe
from reconciler.models.recipe import Constraint, Parameter, RecipeSpec
from reconciler.models.service import Resources, ServiceSpec, Value
from reconciler.models.units import quantity_bytes

_SERVICE = {
    "resources.gpus": "number",
    "resources.cpus": "number",
    "resources.memory": "number",
    "nodes": "number",
    "replicas": "number",
}
_KINDS = {"string": "text", "integer": "number", "number": "number", "boolean": "boolean", "list": "list"}


def facts_of(config: Mapping[str, Value | None], resources: Resources, nodes: int, replicas: int) -> Facts:
    """What the names in an expression mean for one service."""
    return {
        **{f"config.{name}": value for name, value in config.items()},
        "resources.gpus": resources.gpus or 0,
        "resources.cpus": resources.cpus,
        "resources.memory": quantity_bytes(resources.memory) if resources.memory else None,
        "nodes": nodes,
        "replicas": replicas,
    }


def derive(
    parameters: Mapping[str, Parameter], config: Mapping[str, Value | None], facts: Facts
) -> tuple[dict[str, Value | None], list[Finding]]:
    """The config with the values that are derived where none is set, and what is wrong with those."""
    values, findings = dict(config), []
    for name, parameter in parameters.items():
        if parameter.derived is None or values[name] is not None:
            continue
        value = value_of(parse_sum(parameter.derived), facts)
        # 0 is as good as unset: there are no GPUs to share.
        expected = ", ".join(check_value(parameter, value)) if value else ""
        values[name] = value or None
        if expected:
            problem = f"what is derived from {parameter.derived} is not allowed"
            fix = f"set `{name}:`"
            findings.append(Finding(("spec", "config", name), problem, describe(value), expected, fix))
    return values, findings


def check_constraints(recipe: RecipeSpec, spec: ServiceSpec, facts: Facts) -> Iterator[Finding]:
    """The constraints that a service does not keep."""
    for constraint in recipe.constraints:
        if _applies(constraint, facts) and not holds(parse_rule(constraint.that), facts):
            names = names_in(*parse_rule(constraint.that))
            found = ", ".join(f"{name} {_show(facts[name])}" for name in names)
            expected = f"`{constraint.that}`"
            yield Finding(_place(names, spec), constraint.message, found, expected, constraint.fix)


def inspect_constraints(spec: RecipeSpec) -> Iterator[Finding]:
    """What is wrong with a recipe's own rules: names, kinds, and rules that its own defaults break."""
    derived = [
        finding
        for name, parameter in spec.parameters.items()
        if parameter.derived is not None
        for finding in _inspect_derived(spec, ("spec", "parameters", name, "derived"), parameter)
    ]
    yield from derived
    for number, constraint in enumerate(spec.constraints):
        path: Path = ("spec", "constraints", number)
        guard = (constraint.when or "").removeprefix("config.")
        if (constraint.when or "").startswith("config.") and guard not in spec.parameters:
            fix = did_you_mean(guard, spec.parameters)
            yield Finding((*path, "when"), "unknown parameter", found=f"`{guard}`", fix=fix)
            continue
        wrong = _wrong(spec, constraint.that, rule=True)
        if not wrong and not derived:
            wrong = _broken_by_defaults(spec, constraint)
        if wrong:
            yield Finding((*path, "that"), wrong, found=f"`{constraint.that}`")


def _inspect_derived(spec: RecipeSpec, path: Path, parameter: Parameter) -> Iterator[Finding]:
    wrong = _wrong(spec, parameter.derived or "", rule=False)
    if parameter.type not in ("integer", "number"):
        wrong = "only a number is derived"
    elif parameter.required or parameter.default is not None:
        wrong = "a parameter with a default, or one that is required, is not derived"
    elif not wrong:
        names = (name.removeprefix("config.") for name in names_in(parse_sum(parameter.derived or "")))
        if any(spec.parameters[name].derived for name in names if name in spec.parameters):
            wrong = "derived from what is derived itself"
    if wrong:
        yield Finding(path, wrong, found=f"`{parameter.derived}`")


def _wrong(spec: RecipeSpec, text: str, *, rule: bool) -> str:
    """Why the text is no rule (or sum) over this recipe; "" when it is one."""
    known = _SERVICE | {f"config.{name}": _KINDS[one.type] for name, one in spec.parameters.items()}
    try:
        parts = parse_rule(text) if rule else (parse_sum(text),)
        for name in names_in(*parts):
            if name not in known:
                return f"unknown name `{name}`; {did_you_mean(name, known)}"
        for part in parts:
            _check_kinds(part, known)
    except ExpressionError as error:
        return f"is not a rule: {error}" if rule else f"is not a sum: {error}"
    return ""


def _check_kinds(part: Term | Comparison, known: Mapping[str, str]) -> str:
    """The kind of a term. Raises ExpressionError where kinds do not go together."""
    match part:
        case Name(name, size):
            if size and known[name] != "text":
                raise ExpressionError(f"bytes() reads text, and `{name}` is a {known[name]}")
            return "number" if size else known[name]
        case Sum(sign, left, right):
            kinds = (_check_kinds(left, known), _check_kinds(right, known))
            if kinds != ("number", "number"):
                raise ExpressionError(f"`{sign}` stands between numbers")
            return "number"
        case Comparison(sign, left, right):
            kinds = (_check_kinds(left, known), _check_kinds(right, known))
            alike = "null" in kinds or kinds[0] == kinds[1]
            if not alike if sign in ("==", "!=") else kinds != ("number", "number"):
                raise ExpressionError(f"`{sign}` does not stand between {kinds[0]} and {kinds[1]}")
            return "boolean"
        case _:
            return _kind(part.value)


def _kind(value: Value | None) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "text"
        case _:
            return "list"


def _broken_by_defaults(spec: RecipeSpec, constraint: Constraint) -> str:
    """A rule that a service without any config breaks makes a recipe that cannot be used as it is."""
    config = {name: one.default for name, one in spec.parameters.items()}
    facts = facts_of(config, spec.resources, 1, 1)
    config, _ = derive(spec.parameters, config, facts)
    facts = facts_of(config, spec.resources, 1, 1)
    if not _applies(constraint, facts) or holds(parse_rule(constraint.that), facts):
        return ""
    return "the recipe's own defaults break it"


def _applies(constraint: Constraint, facts: Facts) -> bool:
    return constraint.when is None or bool(facts[constraint.when])


def _place(names: list[str], spec: ServiceSpec) -> Path:
    """Where in the file it is: at the first of the values that the service sets itself, or would have to."""
    set_here = {f"config.{name}" for name in spec.config}
    set_here |= {f"resources.{name}" for name, value in spec.resources if value is not None}
    set_here |= {name for name in ("nodes", "replicas") if name in spec.model_fields_set}
    name = next((name for name in names if name in set_here), names[0] if names else "config")
    return ("spec", *name.split("."))


def _show(value: Value | None) -> str:
    return "unset" if value is None else "[]" if value == () else describe(value).removeprefix("the number ")
