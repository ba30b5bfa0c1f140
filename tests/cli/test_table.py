"""The table as it is printed."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from rich.console import Console

from reconciler.cli.table import plain, render
from reconciler.metrics import utc_now
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, SourceStatus, State, Status
from reconciler.models.workload import PendingClass
from reconciler.shapes.status import StatusShape
from tests.samples import REVISION

LINE = ServiceStatus("a", "slurm", "web", State.RUNNING, Health.HEALTHY, utc_now(), "", "abc", "", 2, 2)


def printed(*services: ServiceStatus, subject: str = "a commit") -> list[str]:
    shape = StatusShape.of(Status(SourceStatus(replace(REVISION, message=subject)), services=services))
    screen = Console(file=io.StringIO(), width=200, force_terminal=False)
    screen.print(render(shape))
    assert isinstance(screen.file, io.StringIO)
    return [line.rstrip() for line in screen.file.getvalue().splitlines()]


def test_when_the_jobs_end_and_what_is_pending() -> None:
    ends = replace(LINE, deadline=utc_now() + timedelta(hours=3, seconds=30))
    waits = replace(LINE, service="b", state=State.PENDING, health=Health.PENDING, ready=0)
    waits = replace(waits, pending=PendingClass.RESERVED, why="reserved: for its reservation")
    _, columns, first, second = printed(ends, waits)
    assert columns.split() == ["SERVICE", "TARGET", "REVISION", "STATE", "HEALTH", "SINCE", "ENDS", "WHY"]
    assert re.fullmatch(r"a +slurm +abc +Running +Healthy 2/2 +\S+ +in (3h|2h59m)", first)
    assert re.fullmatch(r"b +slurm +abc +Pending \(reserved\) +Pending 0/2 +\S+ +reserved: for its reservation", second)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (SourceStatus(REVISION, verified=True), "revision 0123456789ab by Ada: A commit (signed by somebody trusted)"),
        (
            SourceStatus(REVISION, verified=False),
            "revision 0123456789ab by Ada: A commit (not signed by anybody trusted)",
        ),
        (
            SourceStatus(REVISION, "commit ab is not trusted", verified=False),
            "the repository: commit ab is not trusted",
        ),
        (SourceStatus(REVISION, "no answer"), "the repository cannot be read: no answer"),
    ],
)
def test_the_head_says_how_it_stands_with_the_repository(source: SourceStatus, words: str) -> None:
    screen = Console(file=io.StringIO(), width=200, force_terminal=False)
    screen.print(render(StatusShape.of(Status(source))))
    assert isinstance(screen.file, io.StringIO)
    assert words in [line.rstrip() for line in screen.file.getvalue().splitlines()]


def test_foreign_text_cannot_move_the_cursor_or_forge_a_line() -> None:
    evil = replace(LINE, why="fine\x1b[2K\rb  slurm  Healthy\n\u202etxet", frozen="\x07")
    lines = printed(evil, subject="x\x1b]0;title\x07")
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)
    shape = StatusShape.of(Status(services=(evil,)))
    assert all(line.isprintable() for line in plain(shape))
