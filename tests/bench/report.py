"""Tables for people: each measure returns one, the front door prints it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as Grid


@dataclass(frozen=True)
class Table:
    """What was measured: a row for each case, and what one must know to read it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


def show(table: Table, console: Console) -> None:
    """Print it; the first column is text, the others are numbers."""
    grid = Grid(title=table.title, box=SIMPLE_HEAD, title_justify="left", title_style="bold")
    for number, column in enumerate(table.columns):
        grid.add_column(column, justify="right" if number else "left")
    for row in table.rows:
        grid.add_row(*row)
    console.print(grid)
    for note in table.notes:
        console.print(note, highlight=False)
    console.print()


def goal(value: float, limit: float, *, at_least: bool) -> str:
    """Whether a goal is reached, in one word for a table."""
    reached = value >= limit if at_least else value <= limit
    return "reached" if reached else "missed"


def seconds(value: float) -> str:
    return f"{value:.2f} s"


def short(value: float) -> str:
    """A short time in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-6:.3g} µs"
