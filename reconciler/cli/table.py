"""The status as a table, for `status`, `status --watch` and `make run`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reconciler.metrics import utc_now
from reconciler.models.units import rough_duration
from reconciler.shapes.status import ServiceShape, StatusShape

_COLOURS = {
    "Healthy": "green",
    "Progressing": "cyan",
    "Pending": "yellow",
    "Suspended": "bright_black",
    "Unknown": "magenta",
    "Degraded": "red",
    "Failed": "bold red",
}


def render(shape: StatusShape) -> RenderableType:
    """The whole status: the revision, the targets that do not answer, the services, what is wrong in the files."""
    return Group(*_head(shape), lines(shape.services), *_foot(shape))


def plain(shape: StatusShape) -> list[str]:
    """One line for each service, for places without a terminal; equal states give equal lines."""
    heads = [
        f"{one.service}: {one.target or '-'} {one.revision or '-'} {one.state} {one.health}" for one in shape.services
    ]
    return [f"{head}: {one.why}" if one.why else head for head, one in zip(heads, shape.services, strict=True)]


def _head(shape: StatusShape) -> Iterator[Text]:
    source = shape.source
    if source.revision:
        signed = {True: " (signed by somebody trusted)", False: " (not signed by anybody trusted)", None: ""}
        mark = "" if source.error else signed[source.verified]
        yield Text(f"revision {source.revision[:12]} by {source.author}: {source.subject}{mark}", no_wrap=True)
    if source.error:
        refused = source.verified is False and source.revision
        yield Text(f"the repository{':' if refused else ' cannot be read:'} {source.error}", style="red")
    for target in shape.targets:
        if target.why:
            yield Text(f"{target.target}: {target.why}", style="magenta")
        if target.restarts_held:
            yield Text(f"{target.target}: {target.restarts_held}", style="bold red")


def lines(services: Iterable[ServiceShape]) -> Table:
    """The services only, a line each."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("SERVICE", "TARGET", "REVISION", "STATE", "HEALTH", "SINCE", "ENDS"):
        table.add_column(column, no_wrap=True)
    table.add_column("WHY", overflow="fold")
    now = utc_now()
    for one in services:
        count = f" {one.ready}/{one.replicas}" if one.replicas else ""
        health = Text(one.health + count, style=_COLOURS.get(one.health, ""))
        state = f"{one.state} ({one.pending})" if one.pending else one.state
        cells = map(Text, (one.service, one.target or "-", one.revision or "-", state))
        times = map(Text, (rough_duration(now - one.since), _left(one.deadline, now)))
        table.add_row(*cells, health, *times, Text(one.why))
    return table


def _foot(shape: StatusShape) -> Iterator[Text]:
    for complaint in shape.source.complaints:
        yield Text(f"error: {complaint}", style="red")


def _left(deadline: datetime | None, now: datetime) -> str:
    """What is left of the time of the jobs; nothing for what has no end."""
    return f"in {rough_duration(deadline - now)}" if deadline else ""
