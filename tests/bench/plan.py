"""The plan alone, up to 100,000 services: what is there decides how much of it is to be gone through."""

from __future__ import annotations

import gc
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reconciler.models.health import Health
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Cause, Mark, Observed, Phase, Workload
from reconciler.plan import Constraints, make_plan
from tests.bench.report import Table, goal, short

SIZES = (100, 1_000, 10_000, 100_000)
_GOAL = 1.0
_NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
_LIMIT = timedelta(hours=4)
_WANTED = Wanted("", 1, "d1", lead=timedelta(minutes=10), surge=1, unavailable=0, place="p", limit=14_400)


def measure() -> Table:
    """A row for each situation, a column for each size; the goal is for the largest."""
    rows = []
    for situation in _SITUATIONS:
        times = [_time(situation, size) for size in SIZES]
        rows.append((situation, *map(short, times), goal(times[-1], _GOAL, at_least=False)))
    columns = ("all services are", *(f"{size:,}" for size in SIZES), f"goal {_GOAL:g} s")
    return Table("The plan, by number of services", columns, rows, ("One call each; CPU time of this process.",))


def _time(situation: str, size: int) -> float:
    wanted = [replace(_WANTED, service=f"s{number}") for number in range(size)]
    seen = Observed("slurm", _NOW, complete=True, workloads=tuple(_workloads(situation, size)))
    gc.collect()
    began = time.process_time()
    plan = make_plan(wanted, seen, _NOW, Constraints())
    took = time.process_time() - began
    assert len(plan.actions) == (0 if situation == "healthy" else size)
    return took


def _workloads(situation: str, size: int) -> list[Workload]:
    left, changes = _SITUATIONS[situation]
    if changes is None:
        return []
    usual = Workload("slurm", "", Mark("o", "", 0, "d1", place="p", limit=14_400), Phase.RUNNING, Health.HEALTHY)
    usual = replace(usual, since=_NOW + left - _LIMIT, deadline=_NOW + left, limit=_LIMIT, **changes)
    return [
        replace(usual, id=str(number), mark=replace(usual.mark, service=f"s{number}", **_MARKS.get(situation, {})))
        for number in range(size)
    ]


_ENDED = {"phase": Phase.ENDED, "health": Health.FAILED, "cause": Cause.EXIT, "reason": "exit code 1"}
_SITUATIONS = {
    "to be started": (timedelta(), None),
    "healthy": (timedelta(hours=2), {}),
    "to be renewed": (timedelta(minutes=5), {}),
    "to be replaced": (timedelta(hours=2), {}),
    "to be tried again": (timedelta(hours=2), _ENDED),
}
_MARKS = {"to be replaced": {"digest": "d0"}}
