"""`reconciler recipes`: what can be run, and with which parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.config import console

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from reconciler.models.recipe import Parameter, Recipe


def recipes(
    name: Annotated[str | None, typer.Argument(help="Show this one with its parameters.")] = None,
) -> None:
    """List the recipes, or show one: parameters, ports, secrets, storage and an example."""
    from reconciler.daemon.build import builtin_recipes
    from reconciler.desired.finding import did_you_mean
    from reconciler.desired.recipes import load_recipes

    catalogue, _ = load_recipes(builtin_recipes())
    known = catalogue.recipes
    if name is None:
        console().print(_list(list(known.values())))
        return
    if name not in known:
        advice = did_you_mean(name, known) or "known: " + ", ".join(known)
        typer.echo(f"error: there is no recipe {name}; {advice}", err=True)
        raise typer.Exit(2)
    _show(known[name], console())


def _list(found: list[Recipe]) -> Table:
    from rich.table import Table

    table = Table("RECIPE", "CATEGORY", "STATEFUL", "DESCRIPTION", box=None, padding=(0, 2, 0, 0))
    for recipe in sorted(found, key=lambda one: (one.metadata.category, one.metadata.name)):
        stateful = "yes" if recipe.spec.stateful else "no"
        table.add_row(recipe.metadata.name, recipe.metadata.category, stateful, recipe.metadata.description)
    return table


def _show(recipe: Recipe, screen: Console) -> None:
    from rich.table import Table

    screen.print(f"{recipe.metadata.name} ({recipe.metadata.category}): {recipe.metadata.description}", markup=False)
    screen.print(f"image: {recipe.spec.image}", markup=False)
    table = Table("PARAMETER", "TYPE", "DEFAULT", "DESCRIPTION", box=None, padding=(0, 2, 0, 0))
    for name, parameter in recipe.spec.parameters.items():
        default = "required" if parameter.required else _text(parameter.default)
        table.add_row(name, _type(parameter), default, parameter.description)
    screen.print(table)
    for title, names in (
        ("ports", [f"{name} {port.container}" for name, port in recipe.spec.ports.items()]),
        (
            "secrets",
            [f"{name} ({'required' if one.required else 'optional'})" for name, one in recipe.spec.secrets.items()],
        ),
        ("storage", [f"{name} {volume.path} {volume.size}" for name, volume in recipe.spec.storage.items()]),
    ):
        if names:
            screen.print(f"{title}: {', '.join(names)}", markup=False)
    screen.print("\nexample:\n" + _example(recipe), markup=False, highlight=False)


def _type(parameter: Parameter) -> str:
    return f"{parameter.type}: {' | '.join(parameter.choices)}" if parameter.choices else parameter.type


def _text(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _example(recipe: Recipe) -> str:
    """A service of this recipe with all that must be set."""
    lines = ["apiVersion: reconciler/v1", "kind: Service", f"metadata: {{name: my-{recipe.metadata.name}}}", "spec:"]
    lines.append(f"  recipe: {recipe.metadata.name}")
    needed = [name for name, parameter in recipe.spec.parameters.items() if parameter.required]
    lines += ["  config:", *(f"    {name}: …" for name in needed)] if needed else []
    secrets = [name for name, secret in recipe.spec.secrets.items() if secret.required]
    lines += ["  secrets:", *(f"    {name}: {{name: …, key: …}}" for name in secrets)] if secrets else []
    return "\n".join(lines)
