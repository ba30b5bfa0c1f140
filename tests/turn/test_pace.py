"""When it is worth to look again soon: while something starts or ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.models.health import Health
from reconciler.models.workload import Observed, Phase, Workload
from reconciler.turn.pace import something_moves
from tests.slurm.services import mark

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("phase", "health", "age", "soon"),
    [
        (Phase.RUNNING, Health.PROGRESSING, 1, True),
        (Phase.RUNNING, Health.PROGRESSING, 119, True),
        (Phase.RUNNING, Health.PROGRESSING, 120, False),
        (Phase.RUNNING, Health.HEALTHY, 1, False),
        (Phase.RUNNING, Health.DEGRADED, 1, False),
        (Phase.PENDING, Health.PENDING, 1, False),
        (Phase.STOPPING, Health.PROGRESSING, 1, True),
        (Phase.STOPPING, Health.DEGRADED, 121, False),
        (Phase.RUNNING, Health.PROGRESSING, None, False),
    ],
)
def test_what_moves_is_looked_at_again_soon(phase: Phase, health: Health, age: int | None, soon: bool) -> None:
    since = None if age is None else NOW - timedelta(seconds=age)
    one = Workload("slurm", "1", mark("web"), phase, health, since=since)
    assert something_moves(Observed("slurm", NOW, complete=True, workloads=(one,)), NOW) is soon
