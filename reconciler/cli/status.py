"""`reconciler status`: the table."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.config import DEFAULT, Config, console, load_settings
from reconciler.cli.pages import get
from reconciler.errors import ReconcilerError, SettingsError

if TYPE_CHECKING:
    from reconciler.settings import Settings
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
) -> None:
    """Show every service: where it runs, from which revision, how it stands and why.

    Asks the daemon; where none answers, looks at the targets itself.
    """
    settings = load_settings(config)
    if watch:
        from reconciler.cli.watching import watch as show

        show(lambda first: _read_first(settings) if first else fetch(settings.state), interval)
        return
    shape = read_status(settings)
    if output is Format.JSON:
        typer.echo(shape.model_dump_json(indent=2))
        return
    from reconciler.cli.table import render

    console().print(render(shape))


def _read_first(settings: Settings) -> StatusShape | None:
    """As `read_status`; who watches waits for what cannot be read yet (a daemon that is making its clone, say)."""
    try:
        return read_status(settings)
    except SettingsError:
        raise
    except ReconcilerError as error:
        typer.echo(f"{error}; trying again", err=True)
        return None


def read_status(settings: Settings) -> StatusShape:
    """The status as the daemon has it; without a daemon, from one look of our own that changes nothing."""
    from reconciler.daemon import single_pass
    from reconciler.shapes.status import StatusShape

    answer = fetch(settings.state)
    if answer is not None:
        return answer
    typer.echo("no daemon answers; looking at the targets directly", err=True)
    return StatusShape.of(single_pass(settings, act=False).status)


def fetch(state: Path) -> StatusShape | None:
    """The answer of the daemon that works with this state folder; None when there is none."""
    from reconciler.shapes.status import StatusShape

    answer = get(state, "/status")
    try:
        return StatusShape.model_validate_json(answer[1]) if answer else None
    except ValueError:
        return None
