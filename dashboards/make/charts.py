"""The words in which dashboards are written, without a word of Grafana's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

#: Columns of Grafana's grid.
WIDTH = 24

GREEN, YELLOW, ORANGE, RED = "green", "yellow", "orange", "red"
BLUE, PURPLE, GREY = "blue", "purple", "#8e8e8e"


class Kind(Enum):
    """How a chart is drawn."""

    STAT = "stat"
    LINES = "lines"
    STACK = "stack"
    TABLE = "table"
    TIMELINE = "timeline"


@dataclass(frozen=True, slots=True)
class Ask:
    """One query. `legend` names its series, with `{{label}}` for labels; in a table it is the name of the column.

    `unit`, `values` and `steps` are those of a table's column, as they are of the chart elsewhere. `calm`: it gives
    nothing when all is well, while others of the chart do.
    """

    expr: str
    legend: str = ""
    unit: str = ""
    values: tuple[tuple[int, str, str], ...] = ()
    steps: tuple[tuple[float, str], ...] = ()
    calm: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """One panel. `about` is for the reader who does not know it; `empty` is shown when the queries give nothing.

    `steps` are thresholds: from this value on, this colour (the first holds for all below). `values` gives numbers a
    name and a colour, `colours` gives series theirs. `calm`: nothing is shown when all is well; otherwise the queries
    give data wherever a daemon is scraped. `of` is the recipe that it is about ("": any).
    """

    title: str
    about: str
    kind: Kind
    asks: tuple[Ask, ...]
    unit: str = "none"
    width: int = 6
    height: int = 7
    empty: str = "No data: is the daemon scraped?"
    steps: tuple[tuple[float, str], ...] = ((0, GREEN),)
    values: tuple[tuple[int, str, str], ...] = ()
    colours: tuple[tuple[str, str], ...] = ()
    calm: bool = False
    of: str = ""
    top: float | None = None

    @property
    def instant(self) -> bool:
        """Only the present counts: a table, or a number that would else be shown long after its series has ended."""
        return self.kind is Kind.TABLE or (self.kind is Kind.STAT and self.calm)


@dataclass(frozen=True, slots=True)
class Section:
    """Charts below one heading; a `folded` one asks nothing until it is opened."""

    title: str
    charts: tuple[Chart, ...]
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top of a dashboard: values of `label` in `series`."""

    name: str
    title: str
    series: str
    label: str
    several: bool = True


@dataclass(frozen=True, slots=True)
class Event:
    """Marks in all charts: when `expr` is above 0, with `title` and the labels `tags`."""

    name: str
    expr: str
    title: str
    colour: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """One dashboard. `uid` and the file's name never change: links and bookmarks of people depend on them.

    `links` are pages of the daemon: title and path, which may use variables.
    """

    uid: str
    title: str
    about: str
    variables: tuple[Variable, ...]
    sections: tuple[Section, ...]
    events: tuple[Event, ...] = ()
    links: tuple[tuple[str, str], ...] = field(default=())
    since: str = "now-6h"

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.uid}.json"

    def charts(self) -> Iterator[Chart]:
        """All charts, in order."""
        for section in self.sections:
            yield from section.charts
