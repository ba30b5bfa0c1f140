"""`python -m tests.faults.kubernetes`: thousands of services through a kill of the daemon and one of the API server."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from lab.fixtures import running
from tests.bench.report import Table, show
from tests.faults.kubernetes.cloud import Cloud
from tests.faults.kubernetes.witness import WEB

#: Seconds for each step; a busy machine applies some hundred objects a second.
_PATIENCE = 900.0
_QUIET = 10.0
Row = tuple[str, str]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.kubernetes", description=__doc__)
    parser.add_argument("--services", type=int, default=5000, help="how many (default: 5000)")
    count = parser.parse_args().services
    with running(slurm=False, kubernetes="control-plane") as lab:
        cloud = Cloud(lab)
        try:
            rows = endure(cloud, count)
        finally:
            cloud.clear()
    show(Table(f"{count:,} services of {len(WEB)} objects", ("", ""), rows), Console(width=120, highlight=False))
    return 0


def endure(cloud: Cloud, count: int) -> list[Row]:
    """All steps, each with what it came to; fails when something is missing, there twice, or applied twice."""
    names = [f"many-{number:05}" for number in range(count)]
    cloud.start()
    began = time.monotonic()
    cloud.want(*names)
    _until_applied(cloud, count // 3)
    cloud.kill()
    cloud.start()
    _until_applied(cloud, count * 2 // 3)
    cloud.facts.stop_server()
    cloud.facts.start_server()
    cloud.wait_there(*names, seconds=_PATIENCE)
    rows = [("all applied, with both kills, after", _seconds(began))]
    assert len(cloud.items()) == count * len(WEB), "something is there twice"
    assert cloud.generations(*names) == {1}, "something was applied twice"
    cloud.wait("all are shown", lambda shape: len(shape.services) == count, _PATIENCE)
    rows.append(("memory of the daemon", f"{_memory(cloud)} MiB"))
    rows.append(("objects written while nothing was to be done", str(_written(cloud))))
    rows.append(("a deleted Service is back after", _took(lambda: _delete(cloud, names[count // 2]))))
    rows.append(("all removed after", _took(lambda: _remove(cloud, names))))
    return rows


def _until_applied(cloud: Cloud, count: int) -> None:
    cloud.until(f"{count} are applied", lambda: cloud.witness.count("Deployment") >= count, _PATIENCE)


def _written(cloud: Cloud) -> int:
    """How many objects that no controller writes to have changed in some quiet seconds."""
    before = _versions(cloud)
    time.sleep(_QUIET)
    return sum(before[key] != version for key, version in _versions(cloud).items())


def _versions(cloud: Cloud) -> dict[str, str]:
    return {key: item["metadata"]["resourceVersion"] for key, item in cloud.items(["ConfigMap", "Service"]).items()}


def _delete(cloud: Cloud, name: str) -> None:
    before = cloud.uid("Service", name)
    cloud.kubectl("delete", "service", name, "--wait=false")
    cloud.until("it is back", lambda: cloud.uid("Service", name) not in ("", before))


def _remove(cloud: Cloud, names: list[str]) -> None:
    cloud.drop(*names)
    cloud.until("the last one goes", lambda: not cloud.items(["ConfigMap"]), _PATIENCE)
    cloud.wait_gone(*names, seconds=_PATIENCE)


def _memory(cloud: Cloud) -> int:
    """Resident memory in MiB (proc(5), VmRSS)."""
    assert cloud.daemon is not None
    lines = Path(f"/proc/{cloud.daemon.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) // 1024


def _took(do: Callable[[], None]) -> str:
    began = time.monotonic()
    do()
    return _seconds(began)


def _seconds(began: float) -> str:
    return f"{time.monotonic() - began:.1f} s"


if __name__ == "__main__":
    sys.exit(main())
