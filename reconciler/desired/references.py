"""The references in the texts of a recipe: they are closed, what they name exists, and it has a value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.desired.arguments import REFERENCE
from reconciler.desired.finding import Finding, Path, did_you_mean
from reconciler.desired.words import describe
from reconciler.models.arguments import Argument, When
from reconciler.models.recipe import Parameter, RecipeSpec

_KINDS = ("config", "port", "storage", "secretfile", "service", "host")
#: Where each machine of a replica adds words of its own, what a job knows of itself alone is not at hand.
_KINDS_OF_MACHINES = ("config", "port", "service", "nodes")
_PLACES = {"count", "rank", "leader"}


def check_text(
    spec: RecipeSpec, path: Path, text: str, *, guard: str = "", unset: bool = False, several: bool = False
) -> Iterator[Finding]:
    """What is wrong with the references in one text.

    `guard` is the parameter that is sure to be set here; `unset`: all of them may be unset; `several`: this is only for
    replicas of several machines, so that it may refer to their places.
    """
    kinds = _KINDS_OF_MACHINES if several else _KINDS
    references = [match[1] for match in REFERENCE.finditer(text)]
    if text.count("${") != len(references):
        yield Finding(path, "a `${` is not closed", found=describe(text), expected="`${kind.name}`")
    for reference in references:
        kind, _, name = reference.partition(".")
        known = _known(spec, kind)
        if several and kind == "port":
            known |= set(spec.start.machines.ports)  # nobody else listens there
        if kind not in kinds:
            yield Finding(path, "unknown reference", found=f"`${{{reference}}}`", fix=did_you_mean(kind, kinds))
        elif name not in known:
            yield Finding(path, f"unknown {kind}", found=f"`${{{reference}}}`", fix=did_you_mean(name, known))
        elif kind == "config" and not unset and name != guard and not _always_set(spec.parameters[name]):
            fix = f"put it under `when: config.{name}`, or give the parameter a default"
            yield Finding(path, "the parameter may be unset", found=f"`${{{reference}}}`", fix=fix)


def check_arguments(
    spec: RecipeSpec, path: Path, arguments: Sequence[Argument], *, guard: str = ""
) -> Iterator[Finding]:
    """What is wrong with the references in arguments, and with their conditions; `guard` as for `check_text`."""
    for number, argument in enumerate(arguments):
        place = (*path, number)
        if not isinstance(argument, When):
            yield from check_text(spec, place, argument, guard=guard)
            continue
        own = argument.when.removeprefix("config.")
        if argument.when.startswith("config.") and own not in spec.parameters:
            fix = did_you_mean(own, spec.parameters)
            yield Finding((*place, "when"), "unknown parameter", found=f"`{own}`", fix=fix)
        for index, text in enumerate(argument.args):
            yield from check_text(spec, (*place, "args", index), text, guard=own)


def _known(spec: RecipeSpec, kind: str) -> set[str]:
    return {
        "config": set(spec.parameters),
        "port": set(spec.ports),
        "storage": set(spec.storage),
        # A file that may not be there is of no use to an argument.
        "secretfile": {name for name, need in spec.secrets.items() if need.required},
        "service": {"name"},
        "host": {""},
        "nodes": _PLACES,
    }.get(kind, set())


def _always_set(parameter: Parameter) -> bool:
    """A list that is unset makes no argument, so it may be."""
    return parameter.required or parameter.default is not None or parameter.type == "list"
