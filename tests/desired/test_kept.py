"""Whether stored data may go follows from what is wanted and what is seen; what is not known is never `kept`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.desired.kept import judge_data
from reconciler.desired.load import Desired
from reconciler.models.data import DataState, Stored
from reconciler.models.health import Health
from reconciler.models.wanted import ResolvedService
from reconciler.models.workload import Gap, Mark, Observed, Phase, Workload
from tests.slurm.services import REVISION, resolved

NOW = datetime(2026, 11, 30, tzinfo=UTC)
DATA = Stored("slurm", "db", 0, "data", "/data/db/0/data")
CLAIM = Stored("slurm", "db", 0, "data", "ai/data-db-0")


def wants(*services: ResolvedService, **more: Any) -> Desired:
    return Desired(REVISION, {one.name: one for one in services}, **more)


def looked(*workloads: Workload, **more: Any) -> Observed:
    return Observed("slurm", NOW, **{"complete": True, **more}, workloads=workloads)


def lives(replica: int = 0, phase: Phase = Phase.RUNNING, identity: str = "7", service: str = "db") -> Workload:
    return Workload("slurm", identity, Mark("factory-a", service, replica, ""), phase, Health.HEALTHY)


DB = resolved("db")
MOVED = replace(DB, target="cloud")
EMPTY = wants()


@pytest.mark.parametrize(
    ("stored", "desired", "seen", "state"),
    [
        (DATA, EMPTY, looked(), DataState.KEPT),
        (DATA, EMPTY, looked(lives(service="other")), DataState.KEPT),
        (DATA, EMPTY, looked(lives(replica=1)), DataState.KEPT),
        (DATA, EMPTY, looked(lives(phase=Phase.ENDED)), DataState.KEPT),
        (DATA, EMPTY, looked(lives()), DataState.IN_USE),
        (DATA, EMPTY, looked(lives(phase=Phase.PENDING)), DataState.IN_USE),
        (DATA, EMPTY, looked(lives(phase=Phase.STOPPING)), DataState.IN_USE),
        (DATA, EMPTY, looked(complete=False, why="squeue is away"), DataState.UNKNOWN),
        (DATA, EMPTY, looked(gaps=(Gap("ai/Pod", "forbidden"),)), DataState.UNKNOWN),
        (DATA, wants(DB), looked(), DataState.WANTED),
        (DATA, wants(resolved("db", suspend=True)), looked(), DataState.WANTED),
        (DATA, wants(resolved("db", replicas=0)), looked(), DataState.WANTED),
        (replace(DATA, replica=1), wants(DB), looked(lives()), DataState.KEPT),
        (replace(DATA, replica=None), wants(DB), looked(), DataState.WANTED),
        (replace(DATA, replica=None), EMPTY, looked(lives(replica=3)), DataState.IN_USE),
        (DATA, wants(MOVED), looked(), DataState.KEPT),
        (DATA, wants(held={"db": "bad"}), looked(), DataState.WANTED),
        (replace(DATA, replica=9), wants(held={"db": "bad"}), looked(), DataState.WANTED),
        (replace(DATA, held="a job holds its lock"), EMPTY, looked(), DataState.IN_USE),
        (replace(DATA, marked=False), EMPTY, looked(), DataState.UNMARKED),
        (replace(DATA, removing=True), EMPTY, looked(), DataState.REMOVING),
        (replace(DATA, removing=True), wants(DB), looked(), DataState.WANTED),
        (CLAIM, wants(DB), looked(lives(identity="ai/db")), DataState.IN_USE),
        (replace(CLAIM, replica=1), wants(DB), looked(lives(identity="ai/db")), DataState.KEPT),
        (replace(CLAIM, replica=1), EMPTY, looked(lives(identity="ai/db")), DataState.IN_USE),
        (replace(CLAIM, replica=1), wants(MOVED), looked(lives(identity="ai/db")), DataState.IN_USE),
    ],
)
def test_what_becomes_of_it(stored: Stored, desired: Desired, seen: Observed, state: DataState) -> None:
    line = judge_data(stored, desired, seen)
    assert line.state is state
    assert bool(line.why) is (state is not DataState.KEPT), "each state but this one says why"
