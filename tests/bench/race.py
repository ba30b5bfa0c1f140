"""Two contestants, one finish line: the daemon after a commit, and a bare client with nothing to decide.

Both are timed from outside by the same eye: a cheap question to the cluster, asked again and again.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

#: Seconds between two questions: shorter than a per cent of what is measured, so that asking is not what is measured.
_PAUSE = 0.02
_PAUSE_PER_SERVICE = 0.0001
_PATIENCE = 300.0


@dataclass(frozen=True)
class Run:
    """Seconds from the start until the first and until the last was there, and the CPU seconds it cost."""

    first: float
    last: float
    cpu: float


def follow(count: Callable[[], int], wanted: int, began: float) -> tuple[float, float]:
    """Seconds after `began` at which `count` was first above 0, and at which it was `wanted`."""
    first, pause = 0.0, max(_PAUSE, wanted * _PAUSE_PER_SERVICE)
    while (there := count()) < wanted:
        now = time.monotonic() - began
        first = first or (now if there else 0.0)
        if now > _PATIENCE:
            raise TimeoutError(f"{there} of {wanted} after {now:.0f} s")
        time.sleep(pause)
    last = time.monotonic() - began
    return first or last, last


def run_bare(argv: Sequence[str], environment: dict[str, str], count: Callable[[], int], wanted: int) -> Run:
    """A bare client in a process of its own: it says when it is ready, starts on a newline, and says what it cost."""
    with subprocess.Popen(argv, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdin
        assert client.stdout
        client.stdout.readline()
        began = time.monotonic()
        client.stdin.write("\n")
        client.stdin.flush()
        first, last = follow(count, wanted, began)
        cpu = float(client.stdout.readline())
    if client.returncode:
        raise RuntimeError(f"{argv} ended with {client.returncode}")
    return Run(first, last, cpu)


def middle(runs: Sequence[Run]) -> Run:
    """The median of several runs, each value by itself."""
    return Run(*(median(values) for values in zip(*((run.first, run.last, run.cpu) for run in runs), strict=True)))
