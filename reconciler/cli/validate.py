"""`reconciler validate`: is what lies in a folder right? Offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reconciler.cli.config import load_settings


def validate(
    path: Annotated[Path, typer.Argument(help="A repository, a folder of one, or one file.", exists=True)],
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Check against the operator's targets and limits too.", show_default=False),
    ] = None,
) -> None:
    """Check files without Git and without a cluster; every error is shown. Ends with 0 when all is right, 2 otherwise.

    Without --config, every target, namespace and GPU type that the files name is taken to exist.
    """
    from reconciler.cli.offline import generous_settings, read_folder
    from reconciler.daemon.build import make_loader
    from reconciler.desired.shelf import FOLDER

    given = load_settings(config) if config else None
    folder = read_folder(path, given.source.path if given else "desired")
    desired = make_loader(given or generous_settings(folder.snapshot)).load(folder.snapshot, lambda _: iter(()))
    for complaint in desired.complaints:
        typer.echo(f"error: {folder.place(complaint)}", err=True)
    if not folder.snapshot.files:
        typer.echo(f"error: {path}: there is no YAML file in it", err=True)
    if desired.complaints or not folder.snapshot.files:
        raise typer.Exit(2)
    recipes = sum(name.startswith(FOLDER) for name in folder.snapshot.files)
    typer.echo(f"{_count(len(desired.services), 'service')} and {_count(recipes, 'recipe')}, no errors")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
