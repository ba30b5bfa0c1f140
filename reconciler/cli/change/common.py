"""What the verbs that change something have in common: their options, what they say, and waiting."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.errors import ReconcilerError
from reconciler.models.text import visible

if TYPE_CHECKING:
    from reconciler.cli.change.desk import Desk
    from reconciler.client import Client
    from reconciler.shapes.proposals import AcceptedShape
    from reconciler.shapes.waiting import StandingShape, Until


class Format(StrEnum):
    """How the answer is written."""

    TEXT = "text"
    JSON = "json"


Names = Annotated[list[str], typer.Argument(help="Names of services.", show_default=False)]
Output = Annotated[Format, typer.Option("--output", "-o", help="How the answer is written.")]
Reason = Annotated[str, typer.Option(help="Why, in one line, for the commit.", show_default=False)]
Direct = Annotated[
    bool, typer.Option("--direct", help="On the branch itself, where changes go to branches for pull requests.")
]
Key = Annotated[
    str,
    typer.Option(help="The same key is carried out once, however often it is asked for.", show_default=False),
]
Timeout = Annotated[str, typer.Option(metavar="DURATION", help="How long --wait waits.")]
LONG = "10m"


def seconds_of(text: str) -> float:
    """A duration as it is written in files. Raises BadParameter."""
    from reconciler.models.units import parse_duration

    try:
        return parse_duration(text).total_seconds()
    except ValueError as error:
        raise typer.BadParameter(f"`{text}` is not {error}", param_hint="--timeout") from error


def tell(found: Sequence[AcceptedShape], done: str, output: Format) -> None:
    """Say what came of each change; `done` is what was done, in one word."""
    if output is Format.JSON:
        typer.echo(json.dumps([one.model_dump(mode="json") for one in found], indent=2))
        return
    for one in found:
        typer.echo(visible(_line(one, done)))


def _line(one: AcceptedShape, done: str) -> str:
    commit, place = one.commit[:12], f"{one.branch} ({one.path})"
    if not one.changed:
        return f"{one.service}: nothing to change, {one.path} says so already at {commit}"
    again = ", by an earlier request with this key" if one.replayed else ""
    if one.review:
        return f"proposed: {one.subject}: commit {commit} on branch {place}{again}; it is in force once that is merged"
    return f"{done} {one.service}: commit {commit} on {place}{again}; follow it: reconciler status -w"


def wait_for(desk: Desk, found: Sequence[AcceptedShape], until: Until | None, timeout: float) -> bool:
    """Wait for each, and print verdicts as they change; whether all came to it. Why one did not is printed.

    None is waited for where `until` is None; a desk without a daemon is none to wait at, and was not opened then.
    """
    from reconciler.client import Client

    if until is None or not isinstance(desk, Client):
        return True
    end, reached = time.monotonic() + timeout, True
    for one in found:
        reached &= _wait(desk, one, until, max(1.0, end - time.monotonic()))
    return reached


def _wait(client: Client, one: AcceptedShape, until: Until, timeout: float) -> bool:
    from reconciler.shapes.waiting import DoneShape

    if one.review:
        typer.echo(f"error: {one.service}: not waited for: somebody has to merge {visible(one.branch)}", err=True)
        return False
    last = ""
    for told in client.standings(one.service, until, commit=one.commit, timeout=timeout):
        if isinstance(told, DoneShape):
            if not told.reached:
                words = told.why if told.why.startswith(f"not {until}") else f"not {until}: {told.why}"
                typer.echo(f"error: {one.service}: {visible(words)}", err=True)
            return told.reached
        line = visible(_standing(told))
        if line != last:
            typer.echo(line, err=True)
        last = line
    raise ReconcilerError(f"{one.service}: a wait without an end")


def _standing(one: StandingShape) -> str:
    where = f" on {one.target}" if one.target else ""
    before = "" if one.taken else " (before the change)"
    return f"{one.service}{where}: {one.state}, {one.health}{before}" + (f": {one.why}" if one.why else "")
