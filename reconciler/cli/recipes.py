"""`reconciler recipes`: what can be run, and with which parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.config import console

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from reconciler.shapes.recipes import ParameterShape, RecipeShape


def recipes(
    name: Annotated[str | None, typer.Argument(help="Show this one with its parameters.")] = None,
) -> None:
    """List the recipes, or show one: parameters, ports, secrets, storage and an example."""
    from reconciler.daemon.build import builtin_recipes
    from reconciler.desired.recipes import load_recipes
    from reconciler.shapes.recipes import get_recipe, list_recipes

    catalogue, _ = load_recipes(builtin_recipes())
    if name is None:
        console().print(_list(list_recipes(catalogue.recipes)))
    else:
        _show(get_recipe(catalogue.recipes, name), console())


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
