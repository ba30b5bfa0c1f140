"""`reconciler recipes`: what can be run, and with which parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.config import console
from reconciler.cli.where import CaFile, Server, TokenFile, Where, token_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from reconciler.models.recipe import Recipe
    from reconciler.shapes.recipes import ParameterShape, RecipeShape


def recipes(
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

    screen.print(f"{recipe.name} ({recipe.category}): {recipe.description}", markup=False)
    screen.print(f"image: {recipe.image}", markup=False)
    table = Table("PARAMETER", "TYPE", "DEFAULT", "DESCRIPTION", box=None, padding=(0, 2, 0, 0))
    for name, parameter in recipe.parameters.items():
        default = "required" if parameter.required else _text(parameter.default)
        table.add_row(name, _type(parameter), default, parameter.description)
    screen.print(table)
    for title, names in (
        ("ports", [f"{name} {number}" for name, number in recipe.ports.items()]),
        ("secrets", [f"{name} ({'required' if one.required else 'optional'})" for name, one in recipe.secrets.items()]),
        ("storage", [f"{name} {one.path} {one.size}" for name, one in recipe.storage.items()]),
    ):
        if names:
            screen.print(f"{title}: {', '.join(names)}", markup=False)
    screen.print("\nexample:\n" + recipe.example_yaml.rstrip(), markup=False, highlight=False)


def _type(parameter: ParameterShape) -> str:
    return f"{parameter.type}: {' | '.join(parameter.choices)}" if parameter.choices else parameter.type


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return str(list(value)) if value else "[]"
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
