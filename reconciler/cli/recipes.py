"""`reconciler recipes`: what can be run, and with which parameters; `recipes test` tries one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup

from reconciler.cli.config import console
from reconciler.cli.recipe_test import try_recipe
from reconciler.cli.where import CaFile, Server, TokenFile, Where, token_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from typer._click.core import Context

    from reconciler.models.recipe import Recipe
    from reconciler.shapes.recipes import ParameterShape, RecipeShape, SecretShape, StorageShape


class _ShowFirst(TyperGroup):
    """`recipes` and `recipes vllm` are short for `recipes show` and `recipes show vllm`."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        known = {*self.commands, *ctx.help_option_names}
        return super().parse_args(ctx, args if args and args[0] in known else ["show", *args])


recipes = typer.Typer(
    name="recipes",
    cls=_ShowFirst,
    help="List the recipes, show one (`recipes vllm`), or test one of your own (`recipes test FILE`).",
)
recipes.command("test")(try_recipe)


@recipes.command()
def show(
    name: Annotated[str | None, typer.Argument(help="Show this one with its parameters.")] = None,
    server: Server = None,
    token_file: TokenFile = None,
    ca_file: CaFile = None,
) -> None:
    """List the recipes, or show one: parameters, ports, secrets, storage and an example.

    Of the daemon that is named, which knows those of its repository too; without one, those that ship with Reconciler.
    """
    place = Where(None, server, token_of(token_file), ca_file) if server else None
    if name is None:
        console().print(_list(_all(place)))
    else:
        _show(_one(place, name), console())


def _all(place: Where | None) -> list[RecipeShape]:
    from reconciler.shapes.recipes import list_recipes

    if place is None:
        return list_recipes(_builtin())
    with place.client() as client:
        return client.list_recipes()


def _one(place: Where | None, name: str) -> RecipeShape:
    from reconciler.shapes.recipes import get_recipe

    if place is None:
        return get_recipe(_builtin(), name)
    with place.client() as client:
        return client.get_recipe(name)


def _builtin() -> Mapping[str, Recipe]:
    from reconciler.daemon.build import builtin_recipes
    from reconciler.desired.recipes import load_recipes

    return load_recipes(builtin_recipes())[0].recipes


def _list(found: list[RecipeShape]) -> Table:
    from rich.table import Table

    table = Table("RECIPE", "CATEGORY", "STATEFUL", "DESCRIPTION", box=None, padding=(0, 2, 0, 0))
    for one in found:
        table.add_row(one.name, one.category, "yes" if one.stateful else "no", one.description)
    return table


def _show(recipe: RecipeShape, screen: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    screen.print(f"{recipe.name} ({recipe.category}): {recipe.description}", markup=False)
    screen.print(f"image: {recipe.image}", markup=False)
    table = Table("PARAMETER", "TYPE", "ALLOWED", "DEFAULT", "DESCRIPTION", box=None, padding=(0, 2, 0, 0))
    for name, parameter in recipe.parameters.items():
        cells = (name, parameter.type, _allowed(parameter), _default(parameter), parameter.description)
        table.add_row(*map(Text, cells))
    screen.print(table)
    for rule in recipe.rules:
        screen.print(f"rule: {rule}", markup=False, highlight=False)
    for title, names in (
        ("resources", _resources(recipe)),
        ("ports", [f"{name} {number}" for name, number in recipe.ports.items()]),
        ("secrets", [f"{name} ({_need(one)})" for name, one in recipe.secrets.items()]),
        ("storage", [_volume(name, one) for name, one in recipe.storage.items()]),
        ("metrics", _metrics(recipe)),
    ):
        if names:
            screen.print(f"{title}: {', '.join(names)}", markup=False)
    screen.print("\nexample:\n" + recipe.example_yaml.rstrip(), markup=False, highlight=False)


def _resources(recipe: RecipeShape) -> list[str]:
    """Of one replica, on each machine, unless a service says otherwise."""
    cpus = f"{recipe.cpus:.15g}" if recipe.cpus else None
    amounts = {"cpus": cpus, "memory": recipe.memory, "gpus": recipe.gpus or None}
    return [f"{name} {amount}" for name, amount in amounts.items() if amount is not None]


def _volume(name: str, volume: StorageShape) -> str:
    return f"{name} {volume.path} {volume.size}{'' if volume.kept else ' (not kept)'}"


def _metrics(recipe: RecipeShape) -> list[str]:
    port, slash, path = recipe.metrics.partition("/")
    return [f"port {port}, {slash}{path}"] if port else ["none of its own"]


def _need(secret: SecretShape) -> str:
    if secret.generated:
        return "made as <service>-generated where a service names none"
    return "required" if secret.required else "optional"


def _allowed(parameter: ParameterShape) -> str:
    """What values it may have, beyond its type."""
    if parameter.choices:
        return " | ".join(parameter.choices)
    least, most = parameter.minimum, parameter.maximum
    if least is not None and most is not None:
        return f"{least:.15g} to {most:.15g}"
    if least is not None or most is not None:
        return f"at least {least:.15g}" if least is not None else f"at most {most:.15g}"
    return f"/{parameter.pattern}/" if parameter.pattern else ""


def _default(parameter: ParameterShape) -> str:
    if parameter.required:
        return "required"
    return f"as {parameter.derived}" if parameter.derived else _text(parameter.default)


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return str(list(value)) if value else "[]"
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
