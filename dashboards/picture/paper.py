"""Colours, boxes, and the small things that every chart is drawn with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

from dashboards.picture.units import shown

GROUND, CARD, EDGE = "#111217", "#181b1f", "#2c3037"
TEXT, DIM, GRID = "#d5d6d9", "#9a9ca3", "#2a2d33"
_COLOURS = {
    "green": "#73bf69",
    "yellow": "#fade2a",
    "orange": "#ff9830",
    "red": "#f2495c",
    "blue": "#5794f2",
    "purple": "#b877d9",
}
#: Mean width of a letter, in pixels.
LETTER = 5.6


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Line:
    """One series: its name, its labels in order, its (Unix seconds, value) pairs, and the time that is shown."""

    name: str
    labels: tuple[tuple[str, str], ...]
    points: tuple[tuple[float, float], ...]
    span: tuple[float, float]

    @property
    def last(self) -> float:
        """The newest value that is a number."""
        return next((value for _, value in reversed(self.points) if not math.isnan(value)), math.nan)


def cut(words: str, width: float) -> str:
    """As much of the words as there is room for."""
    room = int(width / LETTER)
    return words if len(words) <= room else words[: max(1, room - 1)] + "…"


def hours(span: tuple[float, float], plot: Box) -> str:
    """The full hours below a plot."""
    made = []
    first = math.ceil(span[0] / 3600) * 3600
    for second in range(first, int(span[1]) + 1, 3600):
        x = across(second, span, plot)
        clock = f"{second // 3600 % 24:02d}:00"
        made.append(text(x, plot.y + plot.height + 13, clock, DIM, size=10, anchor="middle"))
    return "".join(made)


def across(at: float, span: tuple[float, float], box: Box) -> float:
    """Where a moment is, from left to right."""
    return box.x + box.width * (at - span[0]) / (span[1] - span[0])


def said(
    values: tuple[tuple[int, str, str], ...], steps: tuple[tuple[float, str], ...], unit: str, value: float
) -> tuple[str, str]:
    """A value in words, and its colour: by the names that values have, or by thresholds."""
    for number, name, colour in values:
        if number == value:
            return name, hexed(colour)
    colour = next((colour for least, colour in reversed(steps) if value >= least), steps[0][1] if steps else TEXT)
    return shown(value, unit), hexed(colour)


def hexed(colour: str) -> str:
    """A colour of Grafana by its name."""
    return _COLOURS.get(colour, colour)


def text(x: float, y: float, words: str, colour: str, size: float = 11, anchor: str = "start") -> str:
    """Words at a place."""
    extra = f' font-size="{size:.0f}"' if size != 11 else ""
    extra += f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.0f}" y="{y:.0f}" fill="{colour}"{extra}>{escape(words)}</text>'


def mixed(colour: str, share: float) -> str:
    """A colour upon a card, as if that share of it were there."""
    both = zip(bytes.fromhex(colour[1:]), bytes.fromhex(CARD[1:]), strict=True)
    return "#" + "".join(f"{round(over * share + under * (1 - share)):02x}" for over, under in both)
