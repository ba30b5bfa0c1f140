"""A process that only probes, measured from inside.

`python -m tests.bench.prober COUNT SECONDS ENDPOINT…` prints JSON."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from reconciler.metrics import utc_now
from reconciler.models.probe import Probed, Probing
from reconciler.models.recipe import HealthProbe
from reconciler.probe import Prober
from reconciler.probe.schedule import phase
from tests.bench.process import cpu_seconds, memory

INTERVAL = 10.0
_PROBE = HealthProbe.model_validate(
    {
        "http": {"port": "http", "path": "/health"},
        "startup": "1s",
        "interval": f"{INTERVAL:.0f}s",
        "timeout": "5s",
    }
)


def main(count: int, seconds: float, endpoints: Sequence[str]) -> dict[str, Any]:
    """Watch `count` instances that share the endpoints, and measure for some seconds once all were probed twice."""
    told: list[float] = []
    prober = Prober(512, utc_now, lambda _target, took, _good: told.append(took))
    prober.start(lambda _: None)
    keys = [f"job-{number}" for number in range(count)]
    places = [endpoints[number % len(endpoints)] for number in range(count)]
    empty = memory(os.getpid()).now
    prober.watch("t", [Probing(key, key, _PROBE, {"http": at}) for key, at in zip(keys, places, strict=True)])
    time.sleep(2 * INTERVAL)
    told.clear()
    began, spent, dropped = time.monotonic(), cpu_seconds(os.getpid()), prober.dropped.get("t", 0)
    time.sleep(seconds)
    lasted, spent = time.monotonic() - began, cpu_seconds(os.getpid()) - spent
    found = {
        "rate": len(told) / lasted,
        "cpu": spent / lasted,
        "left_out": (prober.dropped.get("t", 0) - dropped) / lasted,
        "threads": sum("probe" in thread.name for thread in threading.enumerate()),
        "memory": memory(os.getpid()).now - empty,
        "late": late(prober.results("t")),
        "took": told and percentile(told, 0.99),
    }
    prober.close()
    return found


def late(results: Any) -> float:
    """The 99th percentile of how long after its time on the grid the last probe of each instance began, in seconds."""
    zero = time.time() - time.monotonic()
    return percentile(
        [(_began(one) - zero - phase(f"t/{key}") * INTERVAL) % INTERVAL for key, one in results.items()], 0.99
    )


def _began(one: Probed) -> float:
    return one.at.timestamp() - one.seconds


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])))
