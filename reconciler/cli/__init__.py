"""The front door: one command, its verbs and their help.

Each verb imports what it needs when it is called, so that `reconciler --help` answers at once.
"""

from __future__ import annotations

import sys

import typer

from reconciler.cli import once, plan, recipes, run, schema, status, validate
from reconciler.cli.config import version
from reconciler.errors import ReconcilerError

app = typer.Typer(
    name="reconciler",
    help="GitOps for AI services on Kubernetes and Slurm: what is committed is what runs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.callback()(version)
for _verb in (run.run, once.once, plan.plan, status.status, validate.validate, recipes.recipes, schema.schema):
    app.command()(_verb)


def main() -> None:
    """Run the command line; an error of ours is printed as text and ends with 2."""
    try:
        app()
    except ReconcilerError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the front door talks to a person
        sys.exit(2)
