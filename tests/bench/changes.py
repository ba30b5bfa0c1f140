"""The daily life of a daemon on Kubernetes: one line changes, everything changes, hands meddle, it is restarted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from lab.factory import Factory
from tests.bench.api_server import ApiServer
from tests.bench.daemon import pid_of
from tests.bench.hands import Body, Eye, change_by_hand, delete_by_hand, eyes
from tests.bench.process import Memory, memory
from tests.bench.report import Table, goal, seconds
from tests.bench.workload import name_of, service

_DEPLOYMENTS = "apis/apps/v1/deployments"
_ONES = 9
_HANDS = 100
#: Seconds in which thousands of services have changed.
_ALL = 300.0
_ONE_GOAL = 0.3
_MEMORY_GOALS = {1_000: 100.0, 5_000: 200.0}


@dataclass(frozen=True)
class Later:
    """Seconds from a commit to one object, and to all; of a restart until a turn that does nothing; hands' rows."""

    count: int
    one: float
    everything: float
    restart: float
    memory: Memory
    hands: tuple[tuple[int, str, Sequence[float]], ...]


def daily_life(factory: Factory, server: ApiServer, target: str, count: int) -> tuple[Later]:
    """All of it with the services of a contest that are there."""
    with eyes(server) as watchers:
        deployments = watchers[_DEPLOYMENTS]
        one = median(
            _change(factory, deployments, target, [number * count // _ONES], number) for number in range(_ONES)
        )
        everything = _change(factory, deployments, target, range(count), 99)
        meddled = (
            (count, "changed", change_by_hand(server, watchers, _HANDS, count)),
            (count, "deleted", delete_by_hand(server, watchers, _HANDS, count)),
        )
    held = memory(pid_of(factory))
    return (Later(count, one, everything, _restart(factory, count), held, meddled),)


def _change(factory: Factory, eye: Eye, target: str, numbers: Sequence[int], level: int) -> float:
    """Seconds from `git commit` until the Deployments of some services have one other environment variable."""
    wanted = f"level-{level}"
    for number in numbers:
        text = service(number, target, replicas=0).replace("LOG_LEVEL: info", f"LOG_LEVEL: {wanted}")
        factory.put(factory.repository / f"desired/{name_of(number)}.yaml", text)
    factory.git("add", "--all")
    began = time.monotonic()
    factory.git("commit", "--quiet", "--message", f"Change {len(numbers)}")
    return max(eye.wait(name_of(number), lambda item: _has(item, wanted), _ALL) for number in numbers) - began


def _has(item: Body | None, level: str) -> bool:
    if item is None:
        return False
    (container,) = item["spec"]["template"]["spec"]["containers"]
    return {"name": "LOG_LEVEL", "value": level} in container["env"]


def _restart(factory: Factory, count: int) -> float:
    """Seconds from the start of a new daemon until its table shows everything as it is."""
    factory.stop()
    began = time.monotonic()
    factory.start()
    factory.wait("all are shown", lambda shape: len(shape.services) == count, 120)
    return time.monotonic() - began


def table(rows: Sequence[Later]) -> Table:
    """One row for each number of services."""
    columns = ("services", "one line", "goal 0.3 s", "change of all", "restart", "memory", "peak", "goal of memory")
    notes = (
        "one line: from `git commit` to the changed Deployment, the middle of nine; of all: to the last one.",
        "restart: from its start until the daemon shows every service; memory after all of that.",
    )
    return Table("Kubernetes: daily life", columns, [_row(row) for row in rows], notes)


def _row(one: Later) -> tuple[str, ...]:
    limit = _MEMORY_GOALS.get(one.count)
    sizes = (f"{one.memory.now:.0f} MiB", f"{one.memory.peak:.0f} MiB")
    verdict = goal(one.memory.peak, limit, at_least=False) if limit else "-"
    first = (f"{one.count:,}", seconds(one.one), goal(one.one, _ONE_GOAL, at_least=False))
    return (*first, seconds(one.everything), seconds(one.restart), *sizes, verdict)
