"""The command `reconciler` with all its verbs."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import typer
from typer.core import TyperGroup

from reconciler.cli.change.by_name import restart, resume, stop, suspend
from reconciler.cli.change.start import start
from reconciler.cli.change.update import update
from reconciler.cli.config import version
from reconciler.cli.data import data
from reconciler.cli.explain import explain
from reconciler.cli.listing import list_services
from reconciler.cli.logs import logs
from reconciler.cli.once import once
from reconciler.cli.plan import plan
from reconciler.cli.rbac import rbac
from reconciler.cli.recipes import recipes
from reconciler.cli.run import run
from reconciler.cli.schema import schema
from reconciler.cli.status import status
from reconciler.cli.token import token
from reconciler.cli.validate import validate
from reconciler.cli.where import words_of
from reconciler.errors import ReconcilerError
from reconciler.logs import writes_json

if TYPE_CHECKING:
    from typer._click.core import Context


class _InOrder(TyperGroup):
    """Verbs with verbs of their own are listed last."""

    def list_commands(self, ctx: Context) -> list[str]:
        return sorted(super().list_commands(ctx), key=lambda name: isinstance(self.commands[name], TyperGroup))


app = typer.Typer(
    cls=_InOrder,
    name="reconciler",
    help="GitOps for AI services on Kubernetes and Slurm: what is committed is what runs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.callback()(version)
_VERBS: tuple[Callable[..., None], ...] = (
    *(run, once, plan, start, update, stop, restart, suspend, resume, list_services),
    *(status, explain, logs, validate, token, rbac, schema),
)
for _verb in _VERBS:
    app.command("list" if _verb is list_services else None)(_verb)
app.add_typer(recipes)
app.add_typer(data)


def main() -> None:
    """Run the command line; an error of ours is printed as text and ends with 2.

    Only the verbs that act keep a log; the others say in their output what it would say.
    """
    logging.getLogger("reconciler").addHandler(logging.NullHandler())
    try:
        app()
    except ReconcilerError as error:
        _complain(words_of(error))
        sys.exit(2)


def _complain(lines: Iterable[str]) -> None:
    for line in lines:
        if writes_json():
            logging.getLogger("reconciler").error("%s", line)
        else:
            print(f"error: {line}", file=sys.stderr)  # noqa: T201 - the front door talks to a person
