"""`reconciler status`: the table."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.config import DEFAULT, Config, console
from reconciler.cli.where import CaFile, Server, TokenFile, Where, where
from reconciler.errors import ReconcilerError, SettingsError

if TYPE_CHECKING:
    from reconciler.shapes.status import StatusShape


class Format(StrEnum):
    """How the status is written."""

    TABLE = "table"
    JSON = "json"


def status(
    config: Config = DEFAULT,
    output: Annotated[Format, typer.Option("--output", "-o", help="How it is written.")] = Format.TABLE,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it again and again until Ctrl-C.")] = False,
    interval: Annotated[float, typer.Option(min=0.2, max=3600, help="Seconds between two tables of --watch.")] = 1.0,
    server: Server = None,
    token_file: TokenFile = None,
    ca_file: CaFile = None,
) -> None:
    """Show every service: where it runs, from which revision, how it stands and why.

    Asks the daemon; where none answers, looks at the targets itself.
    """
    place = where(config, server, token_file, ca_file)
    if watch:
        from reconciler.cli.watching import watch as show

        show(lambda first: _read_first(place) if first else fetch(place), interval)
        return
    shape = read_status(place)
    if output is Format.JSON:
        typer.echo(shape.model_dump_json(indent=2))
        return
    from reconciler.cli.table import render

    console().print(render(shape))


def _read_first(place: Where) -> StatusShape | None:
    """As `read_status`; who watches waits for what cannot be read yet (a daemon that is making its clone, say)."""
    try:
        return read_status(place)
    except SettingsError:
        raise
    except ReconcilerError as error:
        typer.echo(f"{error}; trying again", err=True)
        return None


def read_status(place: Where) -> StatusShape:
    """The status as the daemon has it; without a daemon, from one look of our own that changes nothing."""
    answer = place.ask(lambda client: client.status())
    if answer is not None:
        return answer
    from reconciler.daemon import single_pass
    from reconciler.shapes.status import StatusShape

    return StatusShape.of(single_pass(place.alone(), act=False).status)


def fetch(place: Where) -> StatusShape | None:
    """The answer of the daemon; None when there is none."""
    try:
        return place.ask(lambda client: client.status())
    except ReconcilerError:
        return None
