"""More arguments that a service adds to those of the recipe: they must not undo these, nor show a secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.desired.arguments import REFERENCE
from reconciler.desired.finding import Finding
from reconciler.desired.lint import hides
from reconciler.models.arguments import Argument, When
from reconciler.models.recipe import RecipeSpec
from reconciler.models.service import Value


def check_repeats(recipe: RecipeSpec, config: Mapping[str, Value | None]) -> Iterator[Finding]:
    """What is wrong with the lists that go into the command line as they are, such as `extraArgs`."""
    own = dict(_own_options(recipe))
    for name, parameter in recipe.parameters.items():
        value = config.get(name)
        if parameter.type != "list" or not isinstance(value, tuple) or not _goes_in_whole(recipe, name):
            continue
        for number, text in enumerate(value):
            option = _usual(text.partition("=")[0])
            path = ("spec", "config", name, number)
            if option.startswith("--") and option in own:
                yield Finding(path, "is set by the recipe itself", found=f"`{option}`", fix=own[option])
            elif option.startswith("-") and hides(option) and not option.endswith("file"):
                fix = f"name it under `secrets:`, which knows {', '.join(recipe.secrets) or 'none'}"
                yield Finding(path, "would show a secret to everybody on its node", found=f"`{option}`", fix=fix)


def _usual(option: str) -> str:
    """Servers written in Python take `--max_model_len` for `--max-model-len`."""
    return option.replace("_", "-")


def _own_options(recipe: RecipeSpec) -> Iterator[tuple[str, str]]:
    """Each option of the recipe's commands, and what to do instead of setting it again."""
    for argument in _arguments(recipe):
        for text in argument.args if isinstance(argument, When) else (argument,):
            option, _, rest = text.partition("=")
            if option.startswith("--") and "$" not in option:
                names = (match[1] for match in REFERENCE.finditer(rest))
                guard = argument.when if isinstance(argument, When) else ""
                parameter = next((name for name in (*names, guard) if name.startswith("config.")), "")
                yield _usual(option), f"set `{parameter}` instead" if parameter else "leave it out"


def _arguments(recipe: RecipeSpec) -> Iterator[Argument]:
    container, process, machines = recipe.start.container, recipe.start.process, recipe.start.machines
    yield from (*container.command, *container.args, *(process.command if process else ()))
    yield from (*machines.all, *machines.others)


def _goes_in_whole(recipe: RecipeSpec, name: str) -> bool:
    return f"${{config.{name}}}" in _arguments(recipe)
