"""`reconciler logs`: what a service wrote last."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote, urlencode

import typer

from reconciler.cli.config import DEFAULT, Config, load_settings

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
) -> None:
    """Show what a service wrote last: on Slurm the output of its jobs, without secrets.

    On Kubernetes it prints the kubectl command that shows it with your own rights. Asks the daemon; where none answers,
    looks itself. Ends with 2 when there is no such service, with 1 when there is nothing of it.
    """
    from reconciler.shapes.logs import AT_ONCE, Question

    ask = _asker(load_settings(config), service)
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

    def _head(self, one: LogShape) -> None:
        if self._last != one.id:
            what = f"{one.id} on {one.target}, replica {one.replica}: {one.phase}"
            typer.echo(f"==> {what}; the service is {one.verdict} <==", err=True)
        self._last = one.id


def _asker(settings: Settings, service: str) -> Ask:
    """What answers questions: the daemon, or else files that belong to one look of our own."""
    from reconciler.errors import ReconcilerError

    def ask(question: Question) -> list[LogShape] | None:
        from pydantic import TypeAdapter

        from reconciler.cli.pages import get
        from reconciler.shapes.logs import LogShape

        answer = get(settings.state, f"/services/{quote(service, safe='')}/logs?{_query(question)}")
        if answer is None:
            return None
        code, body = answer
        if code != 200:
            raise ReconcilerError(json.loads(body)["detail"])
        return TypeAdapter(list[LogShape]).validate_json(body)

    from reconciler.shapes.logs import Question

    return _own_look(settings, service) if ask(Question(lines=1)) is None else ask


def _query(question: Question) -> str:
    words: list[tuple[str, str | int]] = [("lines", question.lines)]
    words += [("replica", question.replica)] if question.replica is not None else []
    words += [("previous", "true")] if question.previous else []
    words += [("follow", "true")] if question.follow else []
    words += [("start", f"{one}:{byte}") for one, byte in question.starts.items()]
    return urlencode(words)


def _own_look(settings: Settings, service: str) -> Ask:
    from reconciler.daemon import single_pass
    from reconciler.daemon.outputs import TargetOutputs
    from reconciler.errors import ReconcilerError
    from reconciler.explain import unknown
    from reconciler.shapes.logs import read_logs

    typer.echo("no daemon answers; looking at the targets directly", err=True)
    result = single_pass(settings, act=False)
    if not any(line.service == service for line in result.status.services):
        raise ReconcilerError(unknown(result.status, service))
    outputs = TargetOutputs(settings)
    return lambda question: read_logs(result.status, result.views, service, question, outputs)
