"""`reconciler data`: what services left on the targets, and its removal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.config import DEFAULT, Config, console, load_settings
from reconciler.models.data import DataState

if TYPE_CHECKING:
    from reconciler.models.data import DataLine


class Format(StrEnum):
    """How the list is written."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"


Kubeconfig = Annotated[
    Path | None,
    typer.Option(
        help="For claims and secrets, where the daemon's own has no right to remove them.", show_default=False
    ),
]

data = typer.Typer(name="data", help="List the data that services keep on the targets, or remove what nobody wants.")


@data.command("list")
def list_data(
    service: Annotated[str, typer.Argument(help="Of this service only.", show_default=False)] = "",
    target: Annotated[list[str] | None, typer.Option(help="On this target. Repeatable.", show_default=False)] = None,
    state: Annotated[
        list[DataState] | None, typer.Option(help="In this state. Repeatable.", show_default=False)
    ] = None,
    output: Annotated[Format, typer.Option("--output", "-o", help="How it is written.")] = Format.TABLE,
    kubeconfig: Kubeconfig = None,
    config: Config = DEFAULT,
) -> None:
    """List data folders (Slurm) and claims (Kubernetes): whose they are, how large, and whether anybody wants them.

    Looks at the targets itself, and changes nothing. Ends with 1 when there are none, 2 when a target cannot be read.
    """
    from reconciler.daemon.data import DataOffice

    with DataOffice(load_settings(config), target or (), kubeconfig) as office:
        found = office.find(service)
    lines = [line for line in found.lines if not state or line.state in state]
    _print(lines, output)
    for name, why in found.failures.items():
        typer.echo(f"error: {name}: {why}", err=True)
    if found.failures:
        raise typer.Exit(2)
    if not lines:
        typer.echo("no data fit" if service or state else "no data", err=True)
        raise typer.Exit(1)


@data.command("remove")
def remove_data(
    service: Annotated[str, typer.Argument(help="The service's name.", show_default=False)],
    target: Annotated[str, typer.Option(help="On this target; all when unset.", show_default=False)] = "",
    replica: Annotated[
        int | None, typer.Option(min=0, help="Of this replica only, such as one that is wanted no more.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    kubeconfig: Kubeconfig = None,
    config: Config = DEFAULT,
) -> None:
    """Remove the data of a service that is wanted no more, for ever, and the secrets that were made for it.

    Refuses while the service is in the repository or anything of it lives, and where that is not known.
    Ends with 1 when there is nothing to remove.
    """
    from reconciler.daemon.data import DataOffice

    with DataOffice(load_settings(config), [target] if target else (), kubeconfig) as office:
        found = office.removable(service, replica)
        if not found.lines:
            typer.echo(f"no data of {service} are kept", err=True)
            raise typer.Exit(1)
        if not yes:
            _print(found.lines, Format.WIDE)
            _ask(f"Remove these data of {service} for ever?")
            found = office.removable(service, replica)  # it may have come back meanwhile
        if replica is None:  # first: as long as there are data, what was cut short is done by another try
            for word in office.remove_secrets(service, dict.fromkeys(line.stored.target for line in found.lines)):
                typer.echo(word)
        for word in office.remove(found.lines):
            typer.echo(word)


def _ask(question: str) -> None:
    """Go on only with a yes of a person; where there is none to be asked, --yes stands for it."""
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody can be asked here; say --yes", param_hint="--yes")
    typer.confirm(question, abort=True)


def _print(lines: Sequence[DataLine], output: Format) -> None:
    from reconciler.shapes.data import DataShape

    shapes = [DataShape.of(line) for line in lines]
    if output is Format.JSON:
        import json

        typer.echo(json.dumps([shape.model_dump(mode="json") for shape in shapes], indent=2))
    elif output is Format.YAML:
        _yaml([shape.model_dump(mode="json") for shape in shapes])
    elif shapes:
        from reconciler.cli.data_table import table_of

        console().print(table_of(shapes, wide=output is Format.WIDE))


def _yaml(items: Iterable[object]) -> None:
    from ruamel.yaml import YAML

    YAML().dump(list(items), sys.stdout)
