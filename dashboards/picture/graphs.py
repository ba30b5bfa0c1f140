"""Lines and areas over time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from dashboards.make.charts import Chart, Kind
from dashboards.picture.paper import DIM, GRID, LETTER, Box, Line, across, cut, hexed, hours, mixed, text
from dashboards.picture.units import shown

#: So many names stand in a legend.
_ENTRIES = 8
_PALETTE = (
    "#73bf69",
    "#f2cc0c",
    "#8ab8ff",
    "#ff780a",
    "#f2495c",
    "#5794f2",
    "#b877d9",
    "#96d98d",
    "#ffcb7d",
    "#ca95e5",
)


def graph(chart: Chart, lines: Sequence[Line], box: Box) -> str:
    """Lines, or areas upon each other, with a scale, hours and a legend."""
    lines = sorted(lines, key=lambda line: line.name)
    stacked = chart.kind is Kind.STACK
    plot = plot_of(box)
    tops = list(_stacked(lines)) if stacked else [dict(line.points) for line in lines]
    most = max((value for one in tops for value in one.values() if not math.isnan(value)), default=1.0)
    most = chart.top or round_up(most, chart.unit)
    made = [hours(lines[0].span, plot), _scale(chart.unit, most, plot)]
    colours = [_colour_of(chart, line.name, place) for place, line in enumerate(lines)]
    for line, points, colour in reversed(list(zip(lines, tops, colours, strict=True))):
        for path in paths(points, line.span, most, plot):
            shape = f'd="{area(path, plot)}" fill="{mixed(colour, 0.5)}"' if stacked else f'd="{d(path)}" fill="none"'
            made.append(f'<path {shape} stroke="{colour}" stroke-width="1.2"/>')
    return "".join(made) + _legend([line.name for line in lines], colours, box)


def plot_of(box: Box) -> Box:
    """Where the lines are: beside the scale, above hours and legend."""
    return Box(box.x + 52, box.y + 4, box.width - 56, box.height - 38)


def marks(events: Sequence[tuple[float, str]], span: tuple[float, float], box: Box) -> str:
    """An upright line for each event: its moment, its colour."""
    plot = plot_of(box)
    made = []
    for at, colour in events:
        place = f"M{across(at, span, plot):.0f} {plot.y:.0f}v{plot.height:.0f}"
        made.append(f'<path d="{place}" stroke="{hexed(colour)}" stroke-dasharray="3 3" opacity=".8"/>')
    return "".join(made)


def area(path: Sequence[tuple[float, float]], plot: Box) -> str:
    """The path, closed along the bottom."""
    bottom = plot.y + plot.height
    return f"{d(path)}L{path[-1][0]:.0f} {bottom:.0f}L{path[0][0]:.0f} {bottom:.0f}Z"


def _legend(names: Sequence[str], colours: Sequence[str], box: Box) -> str:
    made, x = [], box.x
    for name, colour in list(zip(names, colours, strict=True))[:_ENTRIES]:
        words = cut(name or "value", 150)
        if x + 18 + len(words) * LETTER > box.x + box.width:
            break
        y = box.y + box.height
        made.append(f'<rect x="{x:.0f}" y="{y - 5:.0f}" width="10" height="3" fill="{colour}"/>')
        made.append(text(x + 14, y, words, DIM))
        x += 26 + len(words) * 6
    return "".join(made)


def _scale(unit: str, most: float, plot: Box) -> str:
    made = []
    for part in (0.0, 0.5, 1.0):
        y = plot.y + plot.height * (1 - part)
        made.append(f'<path d="M{plot.x:.0f} {y:.0f}h{plot.width:.0f}" stroke="{GRID}"/>')
        made.append(text(plot.x - 5, y + 4, shown(most * part, unit), DIM, size=10, anchor="end"))
    return "".join(made)


def _stacked(lines: Sequence[Line]) -> Iterator[dict[float, float]]:
    """Each line upon those before it; where one has no value it has no height."""
    total = dict.fromkeys(sorted({at for line in lines for at, _ in line.points}), 0.0)
    for line in lines:
        own = dict(line.points)
        total = {at: value + own.get(at, 0.0) for at, value in total.items()}
        yield total


def paths(
    points: dict[float, float], span: tuple[float, float], most: float, plot: Box
) -> Iterator[list[tuple[float, float]]]:
    """Points in pixels; a new path begins where a value is missing."""
    step = min((b - a for a, b in zip(points, list(points)[1:], strict=False)), default=60.0)
    path: list[tuple[float, float]] = []
    past = math.nan
    for at, value in points.items():
        if path and (math.isnan(value) or at - past > 1.5 * step):
            yield path
            path = []
        if not math.isnan(value):
            height = plot.height * max(0.0, min(1.0, value / most))
            path.append((across(at, span, plot), plot.y + plot.height - height))
            past = at
    if path:
        yield path


def d(path: Sequence[tuple[float, float]]) -> str:
    """A path without the points on a straight level between two others."""
    kept = [
        point
        for at, point in enumerate(path)
        if at in (0, len(path) - 1) or not abs(path[at - 1][1] - point[1]) == abs(path[at + 1][1] - point[1]) == 0
    ]
    return "M" + "L".join(f"{x:.0f} {y:.1f}" for x, y in kept)


def round_up(value: float, unit: str = "none") -> float:
    """A round number that is not less; of hours or minutes where it is a time, of MiB where it is bytes."""
    bases = {"s": (3600.0, 60.0), "bytes": (1024.0**3, 1024.0**2, 1024.0)}.get(unit, ())
    base = next((size for size in bases if value >= size), 1.0)
    if value <= 0:
        return 1.0
    size = base * 10.0 ** math.floor(math.log10(value / base))
    return float(next(step * size for step in (1, 2, 3, 4, 5, 6, 8, 10, 12) if step * size >= value * 1.02))


def _colour_of(chart: Chart, name: str, place: int) -> str:
    return hexed(dict(chart.colours).get(name, _PALETTE[place % len(_PALETTE)]))
