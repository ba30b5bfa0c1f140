"""The API under load: reads, watchers and commits beside a daemon that keeps a thousand services on a real Slurm.

All jobs are pending (their partition is down), so that the loop works as on a full cluster and nothing else is
measured. Readers, watchers and writers are processes of their own on the same machine, over loopback.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from lab import host
from lab.lab import Lab
from tests.bench import api_commits, api_crowd
from tests.bench.api_crowd import SERVICES, TARGET
from tests.bench.report import Table, goal, short
from tests.bench.workload import files, name_of
from tests.bench.wrk import Reads, read
from tests.e2e.still import StillDesk, still

_MANY = 10_000
_SECONDS = 10
_GOAL = 0.1  # seconds, of a read in a hundred


def measure() -> tuple[Table, ...]:
    """Reads alone, everything at once, and commits."""
    host.install("load")
    with Lab.start(slurm=True, kubernetes="none") as lab, TemporaryDirectory() as folder:
        lab.wait("slurm", 180)
        with still(lab, StillDesk, files(SERVICES, TARGET, replicas=1)) as desk:
            api_crowd.settle(desk, SERVICES)
            alone = _reads(desk, SERVICES, Path(folder))
            crowd = api_crowd.measure(desk, Path(folder))
            commits = api_commits.rows(desk, "a bare one, this machine")
        with still(lab, StillDesk, _suspended(_MANY)) as desk:
            api_crowd.settle(desk, _MANY)
            alone += _reads(desk, _MANY, Path(folder))
        commits += api_commits.over_http(lab)
    return _read_table(alone), crowd, api_commits.table(commits)


def _suspended(count: int) -> dict[str, str | bytes | None]:
    """Services without jobs: slurmctld takes ten thousand at most in its usual settings, ended ones among them."""
    texts = files(count, TARGET, replicas=1)
    return {path: f"{text}  suspend: true\n" for path, text in texts.items() if isinstance(text, str)}


def _reads(desk: StillDesk, count: int, folder: Path) -> list[tuple[str, ...]]:
    paths = ("/services", "/services?limit=1000", f"/services/{name_of(7)}", "/plan")
    return [row for path in paths for row in _read_rows(desk, path, count, folder)]


def _read_rows(desk: StillDesk, path: str, count: int, folder: Path) -> Iterator[tuple[str, ...]]:
    for connections in (1, 16):
        one = read(desk.address + path, desk.tokens["read"], _SECONDS, folder, connections)
        limit = goal(one.p99, _GOAL, at_least=False) if connections == 1 else ""
        yield f"{count:,}", f"GET {path}", str(connections), f"{one.rate:.0f}", *_times(one), str(one.wrong), limit


def _times(one: Reads) -> tuple[str, str, str]:
    return short(one.p50), short(one.p99), short(one.max)


def _read_table(rows: Sequence[tuple[str, ...]]) -> Table:
    columns = ("services", "page", "connections", "requests/s", "p50", "p99", "longest", "wrong", "goal p99 < 100 ms")
    notes = (
        f"wrk for {_SECONDS} s each, with a token; the daemon turns once a second meanwhile.",
        f"{SERVICES:,}: pending jobs of a real Slurm; {_MANY:,}: suspended services, which have none.",
    )
    return Table("Reads over HTTP", columns, rows, notes)
