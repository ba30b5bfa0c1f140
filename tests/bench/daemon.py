"""One daemon under the stopwatch: a repository without services, a commit that adds them, and then quiet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from lab.factory import Factory
from lab.lab import Lab
from tests.bench.process import cpu_seconds
from tests.bench.race import Run, follow
from tests.bench.wanted import Files
from tests.e2e.world import metric, page

_SETTLE = 60.0
_STILL = 2.0


@dataclass(frozen=True)
class Quiet:
    """A time in which nothing was to be done: its seconds, turns, CPU seconds of the daemon, calls to the cluster."""

    seconds: float
    turns: int
    cpu: float
    calls: dict[str, int]


@contextmanager
def running(lab: Lab, owner: str, targets: Callable[[Factory], dict[str, Any]]) -> Iterator[Factory]:
    """A daemon of its own with an empty repository that has had its first turn."""
    factory = Factory(lab, f"bench-{token_hex(3)}", owner=owner)
    factory.commit({}, "Nothing yet")
    source = {"url": str(factory.repository)}
    factory.configure(slurm=False, source=source, targets=targets(factory))
    factory.start()
    try:
        factory.wait("a first turn", lambda shape: bool(shape.targets) and all(one.reachable for one in shape.targets))
        yield factory
    finally:
        factory.stop()


def pid_of(factory: Factory) -> int:
    if factory.daemon is None:
        raise RuntimeError("the daemon does not run")
    return factory.daemon.pid


def deploy(factory: Factory, files: Files, count: Callable[[], int], wanted: int) -> Run:
    """Commit, and follow until all is there. The stopwatch starts before `git commit`; files are written before."""
    for path, text in files.items():
        factory.put(factory.repository / path, text)
    factory.git("add", "--all")
    spent = cpu_seconds(pid_of(factory))
    began = time.monotonic()
    factory.git("commit", "--quiet", "--message", "Add the services")
    first, last = follow(count, wanted, began)
    return Run(first, last, cpu_seconds(pid_of(factory)) - spent)


def settle(factory: Factory, target: str, services: int) -> None:
    """Wait until the daemon shows all services and has stopped acting."""
    factory.wait("all are shown", lambda shape: len(shape.services) == services, _SETTLE)
    time.sleep(_STILL)
    if turns(factory, target) == 0:
        raise RuntimeError(f"{target} has had no turn")


def turns(factory: Factory, target: str) -> int:
    """How many turns the daemon has had on a target."""
    found = metric(page(factory.state, "/metrics"), "reconciler_turn_duration_seconds_count", target=target)
    return int(found or 0)


def be_quiet(
    factory: Factory, target: str, calls: Callable[[], dict[str, int]], seconds: float, commits: int = 0
) -> Quiet:
    """Let it turn for some seconds; `commits` commits that change nothing are spread over them."""
    pid = pid_of(factory)
    asked, turned, spent, began = calls(), turns(factory, target), cpu_seconds(pid), time.monotonic()
    for number in range(commits):
        factory.git("commit", "--quiet", "--allow-empty", "--message", f"Nothing, {number}")
        time.sleep(seconds / commits)
    time.sleep(max(0.0, began + seconds - time.monotonic()))
    took, spent, turned = time.monotonic() - began, cpu_seconds(pid) - spent, turns(factory, target) - turned
    after = calls()
    return Quiet(took, turned, spent, {name: after[name] - asked.get(name, 0) for name in after})
