"""`reconciler validate`: is what lies in a folder right? Offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reconciler.cli.config import load_settings


def validate(
    path: Annotated[Path, typer.Argument(help="A folder with desired/ and recipes/, or one file.", exists=True)],
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

    snapshot = read_folder(path)
    settings = load_settings(config) if config else generous_settings(snapshot)
    desired = make_loader(settings).load(snapshot, lambda _: iter(()))
    for complaint in desired.complaints:
        typer.echo(f"error: {complaint}", err=True)
    if desired.complaints:
        raise typer.Exit(2)
    count = len(desired.services)
    typer.echo(f"{count} service{'s' if count != 1 else ''} in {len(snapshot.files)} files, no errors")
