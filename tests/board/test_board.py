from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from reconciler.board import Board
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, SourceStatus, State, TargetStatus
from tests.fakes import START
from tests.samples import REVISION


def test_a_service_that_never_had_a_good_version_has_a_line_until_it_has_one() -> None:
    board = Board()
    board.post_source(SourceStatus(REVISION, held={"a": "bad file", "b": "bad file"}))
    line = ServiceStatus("a", "slurm", "web", State.HELD, Health.HEALTHY, START, "what lives of it stays")
    board.post_target(TargetStatus("slurm", "slurm", reachable=True), (line,))
    never = ServiceStatus("b", "", "", State.HELD, Health.FAILED, REVISION.time, "bad file")
    assert board.status().services == (line, never)

    later = replace(REVISION, time=REVISION.time + timedelta(hours=1))
    board.post_source(SourceStatus(later, held={"b": "bad in another way"}))
    assert board.status().services == (line, replace(never, why="bad in another way"))
    board.post_source(SourceStatus(later))
    assert board.status().services == (line,)
