"""`${…}` in a recipe's arguments and environment: what is known is put in, what only the platform knows is left open.

This is the whole template language: a reference is replaced by one value, nothing is evaluated, and what was put in is
never read again (a value that contains `${…}` stays that text). Ports, folders, secret files and the address to listen
on differ between platforms, so they stay a `Reference`, which the platform's room renders in its own way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from reconciler.models.arguments import Argument, When
from reconciler.models.service import Value
from reconciler.models.wanted import ResolvedService

Kind = Literal["port", "storage", "secretfile", "host", "nodes"]


@dataclass(frozen=True, slots=True)
class Reference:
    """Something only the platform knows: a port's number, a volume's folder, a secret's file, the listen address.

    `name` is the name of the port, volume or secret; "" for the host; `count`, `rank` or `leader` for nodes.
    """

    kind: Kind
    name: str = ""


#: One stretch of an argument: literal text, or a reference that the platform's room fills in.
Part = str | Reference
#: One argument (or one value of an environment variable): its parts, to be joined without anything between them.
Parts = tuple[Part, ...]

#: What a reference looks like; group 1 is the text between the braces.
REFERENCE = re.compile(r"\$\{([^{}]*)\}")


def expand(arguments: Sequence[Argument], service: ResolvedService) -> tuple[Parts, ...]:
    """The arguments of a recipe for one service, in order; each result is exactly one argument.

    `when` blocks are kept or left out as a whole. An argument that refers to a list is repeated for each of its values
    (`--load-model=${config.models}`), so an empty or unset list makes none. The recipe is taken to be checked:
    KeyError and ValueError would mean that it was not.
    """
    return tuple(parts for text in _chosen(arguments, service) for parts in _each(text, service))


def expand_text(text: str, service: ResolvedService) -> Parts:
    """One text of a recipe (a step's `unless`, a probe's word) that must stay one: an unset parameter becomes ""."""
    return _merge(_part(word, service, None) for word in _split(text))


def expand_env(env: Mapping[str, str], service: ResolvedService) -> dict[str, Parts]:
    """A recipe's environment for one service. A variable that refers to an unset parameter is left out."""
    return {
        name: expand_text(text, service)
        for name, text in env.items()
        if all(service.config[key] is not None for key in _parameters(text))
    }


def environment(own: Mapping[str, str], service: ResolvedService) -> dict[str, Parts]:
    """All variables but the secrets: recipe < the form's own (`start.container.env`, …) < target < service.

    Only the recipe's values are expanded; those of the target and of the service are literal text.
    """
    recipe = expand_env({**service.recipe.spec.env, **own}, service)
    return {**recipe, **{name: (text,) for name, text in service.env.items()}}


def of_machines(service: ResolvedService, *, leads: bool = True) -> tuple[Parts, ...]:
    """What comes after all other arguments where one replica spans several machines; nothing where it has one.

    `leads`: whether it is for rank 0, or else for one of the others, which get more.
    """
    machines = service.recipe.spec.start.machines
    if service.service.spec.nodes == 1:
        return ()
    return expand((*machines.all, *(() if leads else machines.others)), service)


def is_set(value: Value | None) -> bool:
    """Whether `when` keeps its arguments for this value: not null, false, 0 or empty."""
    return bool(value)


def is_kept(when: str, service: ResolvedService) -> bool:
    """Whether what stands under this `when` is there for a service."""
    gpus = when == "resources.gpus"
    return is_set(service.resources.gpus if gpus else service.config[when.removeprefix("config.")])


def as_text(value: Value | None) -> str:
    """How a value is written into an argument: booleans as YAML writes them, null as nothing."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case tuple():
            return ",".join(value)
        case _:
            return str(value)


def _chosen(arguments: Sequence[Argument], service: ResolvedService) -> Iterator[str]:
    for argument in arguments:
        if not isinstance(argument, When):
            yield argument
        elif is_kept(argument.when, service):
            yield from argument.args


def _each(text: str, service: ResolvedService) -> Iterator[Parts]:
    """The argument once, or once for each value of the list that it refers to."""
    words = list(_split(text))
    lists = [key for key in _parameters(text) if service.recipe.spec.parameters[key].type == "list"]
    if not lists:
        yield _merge(_part(word, service, None) for word in words)
        return
    for item in cast("tuple[str, ...]", service.config[lists[0]] or ()):
        yield _merge(_part(word, service, item) for word in words)


def _split(text: str) -> Iterator[str | re.Match[str]]:
    """The literals and the references of a text, in order."""
    end = 0
    for match in REFERENCE.finditer(text):
        yield text[end : match.start()]
        yield match
        end = match.end()
    yield text[end:]


def _parameters(text: str) -> list[str]:
    names = (match[1] for match in REFERENCE.finditer(text))
    return [name.removeprefix("config.") for name in names if name.startswith("config.")]


def _part(word: str | re.Match[str], service: ResolvedService, item: str | None) -> Part:
    if isinstance(word, str):
        return word
    kind, _, name = word[1].partition(".")
    match kind:
        case "port" | "storage" | "secretfile" | "host" | "nodes":
            return Reference(kind, name)
        case "service":
            return service.name
        case "config":
            many = service.recipe.spec.parameters[name].type == "list"
            return item if many and item is not None else as_text(service.config[name])
        case _:
            raise ValueError(f"${{{word[1]}}} is not a reference that recipes know")


def _merge(parts: Iterator[Part]) -> Parts:
    """Literals side by side become one, empty ones vanish; an argument of nothing is one empty literal."""
    merged: list[Part] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        elif part != "":
            merged.append(part)
    return tuple(merged) or ("",)
