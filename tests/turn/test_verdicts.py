"""The log tells each change of a verdict once."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, State
from reconciler.turn.verdicts import Verdicts
from tests.fakes import START

WELL = ServiceStatus("a", "slurm", "web", State.RUNNING, Health.HEALTHY, START, "", "abc")
ILL = replace(WELL, health=Health.DEGRADED, why="GET /health: 503")
LOST = replace(WELL, state=State.UNKNOWN, health=Health.UNKNOWN, why="squeue says nothing")


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(one.levelname, one.getMessage()) for one in caplog.records if one.levelno > logging.DEBUG]


def test_a_change_is_told_once_with_its_fields(caplog: pytest.LogCaptureFixture) -> None:
    verdicts = Verdicts()
    with caplog.at_level(logging.INFO, "reconciler"):
        assert verdicts.tell([WELL]) == [(WELL, None)]
        assert verdicts.tell([WELL]) == []
        assert verdicts.tell([ILL]) == [(ILL, (State.RUNNING, Health.HEALTHY))]
        verdicts.tell([ILL])
        verdicts.tell([WELL])
    assert lines(caplog) == [
        ("WARNING", "slurm: a: Running/Healthy → Running/Degraded: GET /health: 503"),
        ("INFO", "slurm: a: Running/Degraded → Running/Healthy"),
    ]
    fields = {
        name: value for name, value in vars(caplog.records[-2]).items() if name in ("service", "before", "reason")
    }
    assert fields == {"service": "a", "before": "Running/Healthy", "reason": "GET /health: 503"}


def test_a_target_out_of_sight_is_not_told_for_each_service(caplog: pytest.LogCaptureFixture) -> None:
    verdicts = Verdicts()
    with caplog.at_level(logging.INFO, "reconciler"):
        for line in (WELL, LOST, WELL, LOST, ILL):
            verdicts.tell([line])
    assert lines(caplog) == [("WARNING", "slurm: a: Running/Healthy → Running/Degraded: GET /health: 503")]


def test_what_begins_badly_is_told_and_what_is_gone_is_forgotten(caplog: pytest.LogCaptureFixture) -> None:
    verdicts = Verdicts()
    with caplog.at_level(logging.INFO, "reconciler"):
        for table in ([ILL], [], [ILL]):
            verdicts.tell(table)
    assert [level for level, _ in lines(caplog)] == ["WARNING", "WARNING"]
