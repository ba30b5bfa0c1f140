"""A whole dashboard: places as Grafana has them, one card for each chart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape

from dashboards.make.charts import Ask, Chart, Kind, Page, Section
from dashboards.make.grafana import places
from dashboards.picture import paper, shapes
from dashboards.picture.graphs import graph, marks
from dashboards.picture.paper import Box, Line

#: Pixels of one column and of one line of the grid; space between cards.
COLUMN, ROW, GAP = 50, 31, 6
_TITLE = 46


@dataclass(frozen=True, slots=True)
class Answer:
    """What one query gave over the time that is shown."""

    ask: Ask
    lines: tuple[Line, ...]


Asked = Callable[[Chart], tuple[Answer, ...]]


@dataclass(frozen=True, slots=True)
class View:
    """What somebody looks at: the answers, the values at the top, and which folded sections are open.

    `events` are marks in all graphs: moments in Unix seconds, and their colours.
    """

    asked: Asked
    chosen: Mapping[str, str]
    opened: frozenset[str] = frozenset()
    events: tuple[tuple[float, str], ...] = ()


def draw(page: Page, view: View) -> str:
    """The SVG."""
    parts: list[str] = []
    top = float(_TITLE)
    for section in page.sections:
        shut = section.folded and section.title not in view.opened
        parts.append(_heading(section, top, shut=shut))
        top += ROW
        if not shut:
            parts.extend(_cards(section, view, top))
            top += ROW * max(place.y + place.h for _, place in places(section, 0))
    width, height = COLUMN * 24 + GAP, top + GAP
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:g}" width="{width}" '
        f'font-family="Inter, Helvetica, Arial, sans-serif" font-size="11" role="img">'
        f"<title>{escape(page.title)}</title>"
        f'<rect width="100%" height="100%" fill="{paper.GROUND}"/>'
    )
    return head + _top(page, view.chosen) + "".join(parts) + "</svg>\n"


def _top(page: Page, chosen: Mapping[str, str]) -> str:
    title = f'<text x="14" y="29" font-size="17" font-weight="500" fill="{paper.TEXT}">{escape(page.title)}</text>'
    x, made = 330.0, [title]
    for name, value in chosen.items():
        words = f"{name}: {value}"
        width = 20 + 6.2 * len(words)
        made.append(
            f'<rect x="{x:g}" y="12" width="{width:g}" height="24" rx="3" fill="{paper.CARD}" stroke="{paper.EDGE}"/>'
            f'<text x="{x + 10:g}" y="28" fill="{paper.DIM}">{escape(words)}</text>'
        )
        x += width + 8
    return "".join(made)


def _heading(section: Section, top: float, *, shut: bool) -> str:
    mark = "\u25b8" if shut else "\u25be"
    count = f"&#160; ({len(section.charts)} panels)" if shut else ""
    return (
        f'<text x="14" y="{top + 20:g}" font-size="13" font-weight="500" fill="{paper.TEXT}">{mark} '
        f'{escape(section.title)}<tspan fill="{paper.DIM}">{count}</tspan></text>'
    )


def _cards(section: Section, view: View, top: float) -> Iterator[str]:
    for chart, place in places(section, 0):
        box = Box(place.x * COLUMN + GAP, top + place.y * ROW, place.w * COLUMN - GAP, place.h * ROW - GAP)
        yield (
            f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" rx="3" '
            f'fill="{paper.CARD}" stroke="{paper.EDGE}"/>'
            f'<text x="{box.x + 9:g}" y="{box.y + 17:g}" font-weight="500" fill="{paper.TEXT}">'
            f"{escape(paper.cut(chart.title, box.width - 16))}</text>"
        )
        yield _inside(chart, view, Box(box.x + 9, box.y + 24, box.width - 18, box.height - 32))


def _inside(chart: Chart, view: View, box: Box) -> str:
    lines = [(answer.ask, line) for answer in view.asked(chart) for line in answer.lines]
    if not lines:
        return shapes.empty(chart, box)
    match chart.kind:
        case Kind.STAT:
            return shapes.stat(chart, lines, box)
        case Kind.TABLE:
            return shapes.table(chart, lines, box)
        case Kind.TIMELINE:
            return shapes.timeline(chart, lines, box)
        case Kind.LINES | Kind.STACK:
            return graph(chart, [line for _, line in lines], box) + marks(view.events, lines[0][1].span, box)
