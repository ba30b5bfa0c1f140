"""Numbers, tables and bars."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from dashboards.make.charts import Ask, Chart
from dashboards.picture.graphs import area, paths, round_up
from dashboards.picture.paper import DIM, GRID, LETTER, TEXT, Box, Line, across, cut, hours, said, text


def empty(chart: Chart, box: Box) -> str:
    """What is said where there is nothing to show, over as many lines as it takes."""
    rows: list[str] = [""]
    for word in chart.empty.split():
        longer = f"{rows[-1]} {word}".strip()
        rows = [*rows[:-1], longer] if len(longer) * LETTER * 1.05 < box.width else [*rows, word]
    first = box.y + box.height / 2 - 7 * (len(rows) - 1)
    return "".join(
        text(box.x + box.width / 2, first + 14 * place, row, DIM, anchor="middle") for place, row in enumerate(rows)
    )


def stat(chart: Chart, lines: Sequence[tuple[Ask, Line]], box: Box) -> str:
    """Large numbers side by side, over a shadow of how they came about where it is only one."""
    made = []
    share = box.width / len(lines)
    if len(lines) == 1 and not chart.values and not chart.instant:
        made.append(_shadow(chart, lines[0][1], box))
    for place, (_, line) in enumerate(lines):
        words, colour = said(chart.values, chart.steps, chart.unit, line.last)
        size = min(26.0, share / max(3, len(words)) * 1.6)
        middle = box.x + share * (place + 0.5)
        made.append(text(middle, box.y + box.height / 2 + 7, words, colour, size=size, anchor="middle"))
        if len(lines) > 1:
            made.append(text(middle, box.y + box.height / 2 + 24, cut(line.name, share), DIM, anchor="middle"))
    return "".join(made)


def table(chart: Chart, lines: Sequence[tuple[Ask, Line]], box: Box) -> str:
    """Rows are what has the same labels; columns are labels, then queries."""
    names = list(dict.fromkeys(key for _, line in lines for key, _ in line.labels if key != "job"))
    rows: dict[tuple[str, ...], dict[str, float]] = {}
    for ask, line in lines:
        key = tuple(dict(line.labels).get(name, "") for name in names)
        rows.setdefault(key, {})[ask.legend] = line.last
    share = box.width / (len(names) + len(chart.asks))
    heads = [name.capitalize() for name in names] + [ask.legend for ask in chart.asks]
    made = [text(box.x + share * at, box.y + 10, cut(head, share), "#6e9fff") for at, head in enumerate(heads)]
    for row, (key, found) in enumerate(sorted(rows.items())[: int((box.height - 14) / 17)]):
        y = box.y + 28 + 17 * row
        made.append(f'<path d="M{box.x:g} {y - 13:g}h{box.width:g}" stroke="{GRID}"/>')
        made += [text(box.x + share * at, y, cut(words, share - 6), TEXT) for at, words in enumerate(key)]
        for at, ask in enumerate(chart.asks, len(names)):
            if ask.legend in found:
                words, colour = said(ask.values, ask.steps, ask.unit or "none", found[ask.legend])
                made.append(text(box.x + share * at, y, cut(words, share - 6), colour))
    return "".join(made)


def timeline(chart: Chart, lines: Sequence[tuple[Ask, Line]], box: Box) -> str:
    """A bar for each series, coloured by its value."""
    label = min(150.0, max(len(line.name) for _, line in lines) * LETTER + 10)
    height = min(44.0, (box.height - 18) / len(lines))
    inner = Box(box.x + label, box.y, box.width - label, box.height - 16)
    made = [hours(lines[0][1].span, inner)]
    for row, (_, line) in enumerate(lines):
        y = box.y + row * height
        made.append(text(box.x, y + height / 2 + 4, cut(line.name, label), DIM))
        for begin, end, value in _stretches(line):
            words, colour = said(chart.values, chart.steps, chart.unit, value)
            left, right = across(begin, line.span, inner), across(end, line.span, inner)
            made.append(
                f'<rect x="{left:.0f}" y="{y + 2:.1f}" width="{max(1, right - left):.0f}" height="{height - 4:.1f}" '
                f'fill="{colour}" fill-opacity=".75"/>'
            )
            if right - left > len(words) * LETTER + 8:
                made.append(text(left + 5, y + height / 2 + 4, words, "#111217"))
    return "".join(made)


def _stretches(line: Line) -> Iterator[tuple[float, float, float]]:
    """Times of the same value: from, to, value. Where samples are missing, a stretch ends."""
    step = min((b[0] - a[0] for a, b in zip(line.points, line.points[1:], strict=False)), default=60.0)
    begin, past, value = math.nan, math.nan, math.nan
    for at, now in line.points:
        if now != value or at - past > 1.5 * step:
            if not math.isnan(begin):
                yield begin, min(past + step, line.span[1]), value
            begin, value = at, now
        past = at
    if not math.isnan(begin):
        yield begin, min(past + step, line.span[1]), value


def _shadow(chart: Chart, line: Line, box: Box) -> str:
    most = round_up(max((value for _, value in line.points), default=1.0))
    low = Box(box.x - 8, box.y + box.height * 0.55, box.width + 16, box.height * 0.45 + 7)
    colour = said((), chart.steps, chart.unit, line.last)[1]
    shades = (area(path, low) for path in paths(dict(line.points), line.span, most, low))
    return "".join(f'<path d="{shade}" fill="{colour}" fill-opacity=".18"/>' for shade in shades)
