"""The option that all verbs share, and reading the operator's settings."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler import __version__
from reconciler.errors import InputError, SettingsError

if TYPE_CHECKING:
    from rich.console import Console

    from reconciler.settings import Settings

Config = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="RECONCILER_CONFIG", help="The operator's settings.", show_default=True),
]
DEFAULT = Path("reconciler.yaml")
_UNFOLDED = 10_000


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the flag's value
    if wanted:
        typer.echo(f"reconciler {__version__}")
        raise typer.Exit


def version(
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version and end.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """GitOps for AI services on Kubernetes and Slurm: what is committed is what runs."""


def console() -> Console:
    """Where tables are shown: as wide as the terminal; elsewhere so wide that no line is folded."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=_UNFOLDED)


def load_settings(path: Path) -> Settings:
    """The settings in the file. Raises SettingsError naming the file, the line, the field and what to do."""
    from reconciler.desired.check import check_document
    from reconciler.desired.clusters import check_clusters
    from reconciler.settings import Settings

    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        advice = "name the settings with --config or RECONCILER_CONFIG"
        raise SettingsError(f"{path}: cannot be read: {reason}; {advice}") from error
    try:
        return check_document(Settings, str(path), text, check_clusters)
    except InputError as error:
        raise SettingsError(str(error)) from error
