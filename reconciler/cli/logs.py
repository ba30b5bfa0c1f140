"""`reconciler logs`: what a service wrote last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.config import DEFAULT, Config
from reconciler.cli.where import CaFile, Server, TokenFile, Where, where

if TYPE_CHECKING:
    from reconciler.settings import Settings
    from reconciler.shapes.logs import LogShape, Question

    Ask = Callable[[Question], list[LogShape] | None]
_PAUSE = 1.0
_LINES = 100


def logs(
    service: Annotated[str, typer.Argument(help="The service's name.", show_default=False)],
    replica: Annotated[int | None, typer.Option(min=0, help="One replica; all when unset.", show_default=False)] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=2000, help="Last lines of each.")] = _LINES,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    previous: Annotated[bool, typer.Option("--previous", "-p", help="Of what ended last, not of what runs.")] = False,
    config: Config = DEFAULT,
    server: Server = None,
    token_file: TokenFile = None,
    ca_file: CaFile = None,
) -> None:
    """Show what a service wrote last: on Slurm the output of its jobs, without secrets.

    On Kubernetes it prints the kubectl command that shows it with your own rights. Asks the daemon; where none answers,
    looks itself. Ends with 2 when there is no such service, with 1 when there is nothing of it.
    """
    from reconciler.shapes.logs import AT_ONCE, Question

    ask = _asker(where(config, server, token_file, ca_file), service)
    printer = _Printer()
    question = Question(lines, replica, previous, follow)
    found = ask(question)
    if not found:
        typer.echo(f"nothing of {service} runs or has ended lately", err=True)
        raise typer.Exit(1)
    printer.show(found)
    if len(found) == AT_ONCE:
        typer.echo(f"no more than {AT_ONCE} at once; name one with --replica", err=True)
    with suppress(KeyboardInterrupt):
        while follow and any(not one.command for one in found or ()):
            time.sleep(_PAUSE)
            found = ask(Question(lines, replica, previous, follow, printer.next)) or found
            printer.show(found)


class _Printer:
    """Prints what is new, with a heading wherever the workload changes. `next` is where each goes on."""

    def __init__(self) -> None:
        self.next: dict[str, int] = {}
        self._last = ""
        self._errors: dict[str, str] = {}

    def show(self, found: Iterable[LogShape]) -> None:
        from reconciler.models.text import visible

        for one in found:
            news = one.id not in self.next
            grown = self.next.get(one.id) != one.next
            self.next[one.id] = one.next
            if one.command and news:
                typer.echo(f"{one.id} on {one.target}: its output is read with your own rights:", err=True)
                typer.echo(visible(one.command))
            elif not one.command and (news or (grown and one.text)):
                self._head(one)
                for line in one.text.splitlines():
                    typer.echo(visible(line))
            if one.error and self._errors.get(one.id) != one.error:
                typer.echo(f"{one.id} on {one.target}: {visible(one.error)}", err=True)
            self._errors[one.id] = one.error

    def _head(self, one: LogShape) -> None:
        if self._last != one.id:
            what = f"{one.id} on {one.target}, replica {one.replica}: {one.phase}"
            typer.echo(f"==> {what}; the service is {one.verdict} <==", err=True)
        self._last = one.id


def _asker(place: Where, service: str) -> Ask:
    """What answers questions: the daemon, or else files that belong to one look of our own."""

    def ask(question: Question) -> list[LogShape] | None:
        return place.ask(lambda client: client.read_logs(service, question))

    from reconciler.shapes.logs import Question

    return _own_look(place.alone(), service) if ask(Question(lines=1)) is None else ask


def _own_look(settings: Settings, service: str) -> Ask:
    from reconciler.daemon import single_pass
    from reconciler.daemon.outputs import TargetOutputs
    from reconciler.errors import ReconcilerError
    from reconciler.explain import unknown
    from reconciler.shapes.logs import read_logs

    result = single_pass(settings, act=False)
    if not any(line.service == service for line in result.status.services):
        raise ReconcilerError(unknown(result.status, service))
    outputs = TargetOutputs(settings)
    return lambda question: read_logs(result.status, result.views, service, question, outputs)
