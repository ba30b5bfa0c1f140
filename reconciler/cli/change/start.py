"""`reconciler start`: a new service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.change.common import LONG, Direct, Format, Key, Output, Reason, Timeout, seconds_of, tell, wait_for
from reconciler.cli.config import DEFAULT, Config
from reconciler.cli.where import CaFile, Server, TokenFile, where

if TYPE_CHECKING:
    from reconciler.cli.change.values import Draft


Recipe = Annotated[str | None, typer.Argument(help="What to run; see `reconciler recipes`.", show_default=False)]
Name = Annotated[str | None, typer.Option(help="Its name; made of the recipe's when unset.", show_default=False)]
Nodes = Annotated[int | None, typer.Option(min=1, max=1000, help="Machines for each replica.", show_default=False)]
Replicas = Annotated[int | None, typer.Option(min=0, max=1000, help="Independent instances.", show_default=False)]
Target = Annotated[str | None, typer.Option(help="A target, a kind of target, or auto.", show_default=False)]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="A parameter of the recipe, as in YAML; with dots a place in `spec:`: slurm.time=4h, spec.image=…. "
        "Repeatable.",
    ),
]
Label = Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="A label. Repeatable.")]
File = Annotated[
    Path | None, typer.Option("--file", "-f", help="A service, or its `spec:`, as YAML; options win. - is stdin.")
]
Folder = Annotated[str, typer.Option(help="Folder of its file in the repository.", show_default=False)]
Healthy = Annotated[bool, typer.Option("--wait", help="Until it is healthy; ends with 1 when it will not be.")]


def start(
    recipe: Recipe = None,
    name: Name = None,
    nodes: Nodes = None,
    replicas: Replicas = None,
    target: Target = None,
    setting: Set = None,
    label: Label = None,
    file: File = None,
    folder: Folder = "",
    reason: Reason = "",
    wait: Healthy = False,
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
    from reconciler.cli.change.desk import open_desk

    seconds = seconds_of(timeout)
    given = {"recipe": recipe, "nodes": nodes, "replicas": replicas, "target": target}
    draft = _draft(file, setting or [], label or [], given)
    with open_desk(where(config, server, token_file, ca_file), waits=wait) as desk:
        accepted = desk.start_service(
            _recipe(draft),
            name=name or draft.name,
            spec=draft.spec,
            labels=draft.labels,
            folder=folder,
            reason=reason,
            key=key,
            direct=direct,
        )
        tell([accepted], "started", output)
        if not wait_for(desk, [accepted], "healthy" if wait else None, seconds):
            raise typer.Exit(1)


def _draft(file: Path | None, settings: Sequence[str], labels: Sequence[str], given: Mapping[str, object]) -> Draft:
    """What the file says, and what the options say over it."""
    from reconciler.cli.change.values import Draft, labels_of, read_draft, spec_of

    draft = read_draft(file) if file else Draft()
    spec = spec_of(settings, draft.spec) | {key: value for key, value in given.items() if value is not None}
    return Draft(draft.name, {**draft.labels, **labels_of(labels)}, spec)


def _recipe(draft: Draft) -> str:
    found = draft.spec.get("recipe")
    if isinstance(found, str) and found:
        return found
    raise typer.BadParameter("name the recipe; `reconciler recipes` lists all", param_hint="RECIPE")
