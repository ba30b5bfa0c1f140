"""The table again and again, for `status --watch`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import typer
from rich.console import Group
from rich.live import Live
from rich.text import Text

from reconciler.cli.table import plain, render

if TYPE_CHECKING:
    from reconciler.shapes.status import StatusShape

    #: Reads the status; told whether it is the first time. None: no daemon answers now.
    Reader = Callable[[bool], StatusShape | None]


def watch(read: Reader, interval: float) -> None:
    """Show what `read` gives every `interval` seconds until Ctrl-C; None of it means that the daemon is away.

    The last table stays meanwhile, and a line says so. Where there is no terminal, what changes is printed, a line for
    each service.
    """
    with suppress(KeyboardInterrupt):
        if sys.stdout.isatty():
            _on_a_terminal(read, interval)
        else:
            _in_lines(read, interval)


def _on_a_terminal(read: Reader, interval: float) -> None:
    with Live(auto_refresh=False) as live:
        for shape, away in _again(read, interval):
            note = [Text("no daemon answers now; this is what it said last", style="magenta")] if away else []
            live.update(Group(*note, render(shape)), refresh=True)


def _in_lines(read: Reader, interval: float) -> None:
    told: set[str] = set()
    for shape, away in _again(read, interval):
        lines = ["no daemon answers now"] if away else plain(shape)
        for line in lines:
            if line not in told:
                typer.echo(line)
        told = set(lines)
        sys.stdout.flush()


def _again(read: Reader, interval: float) -> Iterator[tuple[StatusShape, bool]]:
    """What is known, and whether it is old."""
    last: StatusShape | None = None
    while True:
        shape = read(last is None)
        last = shape or last
        if last is not None:
            yield last, shape is None
        time.sleep(interval)
