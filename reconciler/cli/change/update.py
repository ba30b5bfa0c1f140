"""`reconciler update`: other values for a service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from reconciler.cli.change.common import LONG, Direct, Format, Key, Output, Reason, Timeout, seconds_of, tell, wait_for
from reconciler.cli.change.start import Healthy, Nodes, Replicas, Target
from reconciler.cli.config import DEFAULT, Config
from reconciler.cli.where import CaFile, Server, TokenFile, where

Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="A parameter of the recipe, as in YAML (null takes it away); with dots a place in `spec:`: "
        "storage.data.size=50Gi, spec.image=…. Repeatable.",
    ),
]
Label = Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="A label; KEY- takes it away. Repeatable.")]


def update(
    name: Annotated[str, typer.Argument(help="The service's name.", show_default=False)],
    nodes: Nodes = None,
    replicas: Replicas = None,
    target: Target = None,
    setting: Set = None,
    label: Label = None,
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
    """Give a service other values: what is named changes in its file, comments and all else stay. One commit."""
    from reconciler.cli.change.desk import open_desk
    from reconciler.cli.change.values import spec_of

    seconds = seconds_of(timeout)
    given = {"nodes": nodes, "replicas": replicas, "target": target}
    spec = spec_of(setting or [], {}) | {key: value for key, value in given.items() if value is not None}
    labels = _labels(label or [])
    if not spec and not labels:
        raise typer.BadParameter("say what is to change: --set, --nodes, --replicas, --target or --label")
    with open_desk(where(config, server, token_file, ca_file), waits=wait) as desk:
        accepted = desk.update_service(name, spec, labels, reason=reason, key=key, direct=direct)
        tell([accepted], "updated", output)
        if not wait_for(desk, [accepted], "healthy" if wait else None, seconds):
            raise typer.Exit(1)


def _labels(texts: Sequence[str]) -> dict[str, str | None]:
    from reconciler.cli.change.values import labels_of

    gone = [text for text in texts if text.endswith("-") and "=" not in text]
    return dict.fromkeys((text[:-1] for text in gone), None) | labels_of([text for text in texts if text not in gone])
