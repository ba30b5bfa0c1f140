"""What the daemon's own probes cost: one probe per 10 s of each endpoint, over real connections to local servers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from tests.bench.report import Table, goal, short

_SECONDS = 20
_SERVERS = 2
_GOAL = 1.0  # seconds that a probe may begin late


def measure(counts: tuple[int, ...]) -> Table:
    """Each count with servers that answer, and the smallest one with half of them silent until the time-out."""
    rows = [_row(f"{count:,}", count, silent=False) for count in counts]
    rows.append(_row(f"{counts[0]:,}, half of them never answer", counts[0], silent=True))
    columns = (
        "endpoints",
        "probes/s",
        "left out/s",
        "CPU",
        "threads",
        "memory",
        "p99 takes",
        "p99 begins late by",
        f"goal {_GOAL:.0f} s",
    )
    notes = (
        f"Over {_SECONDS} s, after 20 s; HTTP GET, one probe per 10 s each, time-out 5 s, probes.parallel 512.",
        "CPU is of the probing process alone, in cores; memory is what watching added; servers run beside it.",
    )
    return Table("Probes", columns, rows, notes)


def _row(title: str, count: int, *, silent: bool) -> tuple[str, ...]:
    with ExitStack() as stack:
        endpoints = [
            stack.enter_context(_server("silent" if silent and number % 2 else "")) for number in range(_SERVERS)
        ]
        found = _probe(count, endpoints)
    return (
        title,
        f"{found['rate']:.0f}",
        f"{found['left_out']:.1f}",
        f"{found['cpu']:.2f}",
        str(found["threads"]),
        f"{found['memory']:.1f} MiB",
        short(found["took"]),
        short(found["late"]),
        goal(found["late"], _GOAL, at_least=False),
    )


@contextmanager
def _server(*how: str) -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.probe.crowd", *how], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def _probe(count: int, endpoints: list[str]) -> dict[str, Any]:
    argv = [sys.executable, "-m", "tests.bench.prober", str(count), str(_SECONDS), *endpoints]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found
