"""`reconciler logs`: what a service wrote last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.config import DEFAULT, Config
from reconciler.cli.where import CaFile, Server, TokenFile, Where, where

if TYPE_CHECKING:
    from reconciler.models.output import Question
    from reconciler.settings import Settings
    from reconciler.shapes.logs import LogEventShape, LogShape

    Ask = Callable[[Question], list[LogShape]]
_PAUSE = 1.0
_PATIENCE = 600.0
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
    """Show what a service wrote last: the output of its jobs, or of its pods, without secrets.

    Where pods are not read, it prints the kubectl command that shows it with your own rights. Asks the daemon; where
    none answers, looks itself. Ends with 2 when there is no such service, with 1 when there is nothing of it.
    """
    from reconciler.models.output import Question

    place, question = where(config, server, token_file, ca_file), Question(lines, replica, previous, follow)
    found = place.ask(lambda client: client.read_logs(service, question))
    with suppress(KeyboardInterrupt):
        if found is None:
            _alone(place.alone(), service, question)
            return
        printer = _begin(service, found)
        if follow and any(not one.command for one in found):
            _follow(place, service, question, printer)


def _begin(service: str, found: list[LogShape]) -> _Printer:
    """Show the first answer. Ends with 1 when there is nothing."""
    from reconciler.shapes.logs import AT_ONCE

    if not found:
        typer.echo(f"nothing of {service} runs or has ended lately", err=True)
        raise typer.Exit(1)
    printer = _Printer()
    printer.show(found)
    if len(found) == AT_ONCE:
        typer.echo(f"no more than {AT_ONCE} at once; name one with --replica", err=True)
    return printer


def _follow(place: Where, service: str, question: Question, printer: _Printer) -> None:
    """Show what is written from now on, as the daemon tells it, until the service is gone."""
    with place.client(patience=_PATIENCE) as client:
        lines = client.logs(
            service,
            lines=question.lines,
            replica=question.replica,
            previous=question.previous,
            follow=True,
            after=printer.places,
        )
        for one in lines:
            printer.tell(one)


def _alone(settings: Settings, service: str, question: Question) -> None:
    """Without a daemon: files that belong to one look of our own, looked at again and again where that is wished."""
    with _own_look(settings, service) as ask:
        printer = _begin(service, found := ask(question))
        while question.follow and any(not one.command for one in found):
            time.sleep(_PAUSE)
            found = ask(replace(question, starts=printer.next)) or found
            printer.show(found)


class _Printer:
    """Prints what is new, with a heading wherever the workload changes. `next` is where each goes on."""

    def __init__(self) -> None:
        self.next: dict[str, int] = {}
        self._last = ""
        self._errors: dict[str, str] = {}

    @property
    def places(self) -> str:
        """Where a stream goes on."""
        return ",".join(f"{one}:{byte}" for one, byte in self.next.items())

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
                what = f"{one.id} on {one.target}, replica {one.replica}: {one.phase}"
                self._head(one.id, f"{what}; the service is {one.verdict}")
                for line in one.text.splitlines():
                    typer.echo(visible(line))
            if one.error and self._errors.get(one.id) != one.error:
                typer.echo(f"{one.id} on {one.target}: {visible(one.error)}", err=True)
            self._errors[one.id] = one.error

    def tell(self, one: LogEventShape) -> None:
        """Show what a stream tells."""
        from reconciler.models.text import visible
        from reconciler.shapes.logs import LogEndShape, LogLineShape

        if isinstance(one, LogEndShape):
            typer.echo(visible(one.why), err=True)
        elif isinstance(one, LogLineShape):
            self._head(one.workload, f"{one.workload} on {one.target}, replica {one.replica}")
            typer.echo(visible(one.text))
        else:
            typer.echo(visible(f"{one.workload} on {one.target}: {one.error or one.command}"), err=True)

    def _head(self, workload: str, words: str) -> None:
        if self._last != workload:
            typer.echo(f"==> {words} <==", err=True)
        self._last = workload


@contextmanager
def _own_look(settings: Settings, service: str) -> Iterator[Ask]:
    from reconciler.daemon import single_pass
    from reconciler.daemon.outputs import TargetOutputs
    from reconciler.errors import ReconcilerError
    from reconciler.explain import unknown
    from reconciler.shapes.logs import read_logs

    result = single_pass(settings, act=False)
    if not any(line.service == service for line in result.status.services):
        raise ReconcilerError(unknown(result.status, service))
    with closing(TargetOutputs(settings)) as outputs:
        yield lambda question: read_logs(result.status, result.views, service, question, outputs)
