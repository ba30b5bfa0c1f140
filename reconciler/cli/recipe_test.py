"""`reconciler recipes test`: is a recipe right, and what would run? No cluster, no Git."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def try_recipe(
    file: Annotated[Path, typer.Argument(help="The recipe's file, wherever it lies.", exists=True, dir_okay=False)],
    values: Annotated[
        list[str] | None,
        typer.Option("--set", help="NAME=VALUE: a parameter, or a place in `spec:` such as resources.gpus=4."),
    ] = None,
    nodes: Annotated[int, typer.Option("--nodes", help="Machines of a replica.", min=1, max=1000)] = 1,
    full: Annotated[bool, typer.Option("--full", help="Show whole manifests and batch scripts.")] = False,
) -> None:
    """Check a recipe, try it with its example on both platforms and all runtimes, and show what would run.

    Ends with 0 when all is right, 1 when there is advice, 2 when it is wrong.
    """
    from reconciler.cli.change.values import spec_of
    from reconciler.cli.trial import example_of, forms, read

    recipe, complaints = read(file)
    advice = [str(one) for one in complaints]
    for form in forms(recipe, {**spec_of(values or [], example_of(recipe)), "nodes": nodes}):
        typer.echo(f"{form.title}:")
        for line in form.whole.splitlines() if full and form.whole else form.lines:
            typer.echo(f"  {line}")
        advice += form.advice
    for line in advice:
        typer.echo(f"advice: {line}", err=True)
    if advice:
        raise typer.Exit(1)
    place = f"recipes/{recipe.metadata.category}/{file.name}"
    typer.echo(f"\n{recipe.metadata.name} is right; in a repository it belongs at {place}")
