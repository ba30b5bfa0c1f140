"""`reconciler start`: a new service."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.changes import LONG, Direct, Format, Key, Output, Reason, Timeout, seconds_of, tell, wait_for
from reconciler.cli.config import DEFAULT, Config
from reconciler.cli.where import CaFile, Server, TokenFile, where

if TYPE_CHECKING:
    from reconciler.cli.values import Draft


def start(
    recipe: Annotated[str | None, typer.Argument(help="What to run; see `reconciler recipes`.")] = None,
    name: Annotated[str | None, typer.Option(help="Its name; made of the recipe's when unset.")] = None,
    nodes: Annotated[int | None, typer.Option(min=1, max=1000, help="Machines for each replica.")] = None,
    replicas: Annotated[int | None, typer.Option(min=0, max=1000, help="Independent instances.")] = None,
    target: Annotated[str | None, typer.Option(help="A target, a kind of target, or auto.")] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A parameter of the recipe, as in YAML; with dots a place in `spec:`: slurm.time=4h. Repeatable.",
        ),
    ] = None,
    label: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="A label. Repeatable.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="A service, or its `spec:`, as YAML; options win. - is stdin.")
    ] = None,
    folder: Annotated[str, typer.Option(help="Folder of its file in the repository.", show_default=False)] = "",
    reason: Reason = "",
    wait: Annotated[bool, typer.Option("--wait", help="Until it is healthy; ends with 1 when it will not be.")] = False,
    timeout: Timeout = LONG,
    key: Key = "",
    direct: Direct = False,
    output: Output = Format.TEXT,
    config: Config = DEFAULT,
    server: Server = None,
    token_file: TokenFile = None,
    ca_file: CaFile = None,
) -> None:
    """Start a service: its file is committed to the repository, and the daemon carries it out.

    Goes to the daemon that is named or works with the settings' state folder; where there is none, the commit is made
    directly. Ends with 2 when nothing was committed.
    """
    from reconciler.cli.desk import open_desk
    from reconciler.cli.values import Draft, labels_of, read_draft, spec_of

    seconds = seconds_of(timeout)
    draft = read_draft(file) if file else Draft()
    spec = spec_of(setting or [], draft.spec)
    spec |= {key: value for key, value in (("replicas", replicas), ("target", target)) if value is not None}
    place = where(config, server, token_file, ca_file)
    with open_desk(place, waits=wait) as desk:
        accepted = desk.start_service(
            _recipe(recipe, draft),
            nodes or 1,
            name=name or draft.name,
            spec=spec,
            labels={**draft.labels, **labels_of(label or [])},
            folder=folder,
            reason=reason,
            key=key,
            direct=direct,
        )
        tell([accepted], "started", output)
        if not wait_for(desk, [accepted], "healthy" if wait else None, seconds):
            raise typer.Exit(1)


def _recipe(given: str | None, draft: Draft) -> str:
    if given:
        return given
    found = draft.spec.get("recipe")
    if isinstance(found, str) and found:
        return found
    raise typer.BadParameter("name the recipe; `reconciler recipes` lists all", param_hint="RECIPE")
