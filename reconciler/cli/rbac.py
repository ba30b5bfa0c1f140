"""`reconciler rbac`: the rights that the daemon needs on a Kubernetes target, and no more."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.config import DEFAULT, Config, load_settings
from reconciler.errors import SettingsError

if TYPE_CHECKING:
    from reconciler.kube.kinds import Object
    from reconciler.settings import KubernetesTarget, Settings


class Output(StrEnum):
    """How the objects are printed."""

    YAML = "yaml"
    JSON = "json"


def rbac(
    target: Annotated[str, typer.Argument(help="The Kubernetes target, by its name in the settings.")],
    subject: Annotated[
        list[str] | None,
        typer.Option(
            metavar="user:NAME|serviceaccount:NAMESPACE/NAME",
            help="Who the daemon is, or several; the service account `reconciler` in the first namespace when unset.",
        ),
    ] = None,
    output: Annotated[Output, typer.Option("--output", "-o", help="How they are printed.")] = Output.YAML,
    discover: Annotated[
        bool,
        typer.Option(
            "--discover", help="Ask the cluster what the target's further kinds are called in paths, do not guess."
        ),
    ] = False,
    cluster_wide: Annotated[
        bool,
        typer.Option(
            "--cluster-wide",
            help="Rights in all namespaces: for createNamespaces where not even the first ones are there.",
        ),
    ] = False,
    data: Annotated[
        bool,
        typer.Option("--data", help="Instead: what people need for `reconciler data`, which is not the daemon's."),
    ] = False,
    config: Config = DEFAULT,
) -> None:
    """Print the Roles and bindings that the daemon needs, for `kubectl apply -f -`.

    They are made from the settings: namespaces, kinds, createNamespaces, impersonate, and removals.keepData.
    """
    from reconciler.kube.rbac import Subject, data_roles, roles

    settings = load_settings(config)
    chosen = _target(settings, target, config)
    try:
        who = [Subject.parse(text) for text in subject or [f"serviceaccount:{chosen.namespaces[0]}/reconciler"]]
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--subject") from error
    if data:
        if not subject:
            raise typer.BadParameter("name who may remove data: user:NAME", param_hint="--subject")
        _print(data_roles(chosen, settings.owner, *who), output)
        return
    plurals = _plurals(chosen) if discover else {}
    keep = settings.removals.keep_data
    made = roles(chosen, settings.owner, *who, keep_data=keep, cluster_wide=cluster_wide, plurals=plurals)
    _print(made, output)


def _target(settings: Settings, name: str, config: Path) -> KubernetesTarget:
    """The target of that name. Raises SettingsError when there is none, or it is no Kubernetes cluster."""
    from reconciler.settings import KubernetesTarget

    found = settings.targets.get(name)
    if isinstance(found, KubernetesTarget):
        return found
    known = [each for each, target in settings.targets.items() if isinstance(target, KubernetesTarget)]
    what = f"target {name} is a Slurm cluster, which has no Roles" if found else f"there is no target {name}"
    raise SettingsError(f"{config}: targets: {what}; Kubernetes targets: {', '.join(known) or 'none'}")


def _plurals(target: KubernetesTarget) -> dict[str, str]:
    """The further kinds' words in paths, as the cluster has them. Raises TargetError."""
    from reconciler.kube.door.client import Client

    client = Client(target, 1)
    try:
        return {full: client.kind(full).plural for full in target.kinds}
    finally:
        client.close()


def _print(items: list[Object], output: Output) -> None:
    if output is Output.JSON:
        typer.echo(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=2))
        return
    from reconciler.kube.render.text import dump

    typer.echo(dump(items), nl=False)
