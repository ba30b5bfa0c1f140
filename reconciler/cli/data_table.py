"""Stored data as a table."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from reconciler.metrics import utc_now
from reconciler.models.units import rough_duration
from reconciler.shapes.data import DataShape

_COLUMNS = ("TARGET", "SERVICE", "REPLICA/VOLUME", "RECIPE", "USED", "CLAIMED", "CHANGED", "STATE")
_COLOURS = {"in use": "green", "wanted": "cyan", "kept": "yellow", "unknown": "magenta"}
_UNITS = ("B", "Ki", "Mi", "Gi", "Ti", "Pi")
_STEP = 1024


def table_of(shapes: Iterable[DataShape], *, wide: bool) -> Table:
    """One line for each; `wide`: also where it is, and why it is so."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in _COLUMNS:
        table.add_column(column, no_wrap=True)
    for column in ("PLACE", "WHY") if wide else ():
        table.add_column(column, overflow="fold")
    now = utc_now()
    for one in shapes:
        age = rough_duration(now - one.changed) if one.changed else "-"
        replica = "*" if one.replica is None else str(one.replica)
        used = (">" if one.partial else "") + size_of(one.used)
        cells = (one.target, one.service, f"{replica}/{one.volume}", one.recipe or "-", used, size_of(one.claimed), age)
        more = (one.place, one.why) if wide else ()
        table.add_row(*map(Text, cells), Text(one.state, style=_COLOURS.get(one.state, "")), *map(Text, more))
    return table


def size_of(count: int | None) -> str:
    """Bytes for people: `512B`, `1.5Gi`; `-` where it is not known."""
    if count is None:
        return "-"
    rest, unit = float(count), 0
    while rest >= _STEP and unit < len(_UNITS) - 1:
        rest, unit = rest / _STEP, unit + 1
    return f"{rest:.1f}".removesuffix(".0") + _UNITS[unit]
