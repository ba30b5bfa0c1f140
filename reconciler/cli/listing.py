"""`reconciler list`: services, chosen."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.config import DEFAULT, Config, console
from reconciler.cli.where import CaFile, Server, TokenFile, Where, where

if TYPE_CHECKING:
    from reconciler.shapes.services import ServiceQuery
    from reconciler.shapes.status import ServiceShape


class Format(StrEnum):
    """How the list is written."""

    TABLE = "table"
    JSON = "json"
    NAME = "name"


def list_services(
    name: Annotated[str, typer.Argument(help="A name, or a pattern: 'bench-*'.", show_default=False)] = "",
    recipe: Annotated[list[str] | None, typer.Option(help="Of this recipe. Repeatable.")] = None,
    target: Annotated[list[str] | None, typer.Option(help="On this target. Repeatable.")] = None,
    health: Annotated[list[str] | None, typer.Option(help="As healthy as this: Degraded. Repeatable.")] = None,
    state: Annotated[list[str] | None, typer.Option(help="In this state: Running. Repeatable.")] = None,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", "-l", help="With this label: team=nlp, team, team!=nlp, !team. Repeatable, all fit."),
    ] = None,
    output: Annotated[Format, typer.Option("--output", "-o", help="How it is written.")] = Format.TABLE,
    config: Config = DEFAULT,
    server: Server = None,
    token_file: TokenFile = None,
    ca_file: CaFile = None,
) -> None:
    """List the services that fit every filter. Ends with 1 when none does.

    Asks the daemon; where none answers, looks at the targets itself.
    """
    filters = {"recipe": recipe, "target": target, "health": health, "state": state, "label": label}
    query = _query({key: values for key, values in filters.items() if values} | {"name": name})
    found = read_services(where(config, server, token_file, ca_file), query)
    _print(found, output)
    if not found:
        typer.echo("no service fits", err=True)
        raise typer.Exit(1)


def _query(given: Mapping[str, object]) -> ServiceQuery:
    """What is asked for. Raises BadParameter."""
    from pydantic import ValidationError

    from reconciler.desired.words import expected_words
    from reconciler.shapes.services import ServiceQuery

    try:
        return ServiceQuery.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        words = f"`{first['input']}` is not {expected_words(first['type'], first['msg'], first.get('ctx', {}))}"
        raise typer.BadParameter(words, param_hint=str(first["loc"][0])) from error


def read_services(place: Where, query: ServiceQuery) -> list[ServiceShape]:
    """The lines as the daemon has them; without a daemon, from one look of our own that changes nothing."""
    from reconciler.shapes.services import select

    filters = query.model_dump(mode="json", exclude={"limit", "after"})
    answer = place.ask(lambda client: list(client.list_services(**filters)))
    if answer is not None:
        return answer
    from reconciler.daemon import single_pass

    status = single_pass(place.alone(), act=False).status
    return select(status, {}, query.model_copy(update={"limit": len(status.services) or 1})).services


def _print(found: Sequence[ServiceShape], output: Format) -> None:
    if output is Format.JSON:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in found], indent=2))
    elif output is Format.NAME:
        for name in dict.fromkeys(one.service for one in found):
            typer.echo(name)
    elif found:
        from reconciler.cli.table import lines

        console().print(lines(found))
