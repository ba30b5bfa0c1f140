"""How long the command line takes to say something."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from statistics import median

from tests.bench.report import Table, goal, seconds

_TIMES = 7
_GOAL = 0.3


def measure() -> Table:
    """`reconciler --help`, next to what a Python and the Kubernetes client alone cost."""
    cases = {
        "reconciler --help": ("-m", "reconciler", "--help"),
        "python -c pass": ("-c", "pass"),
        "python -c 'import kubernetes'": ("-c", "import kubernetes"),
    }
    times = {name: _median([sys.executable, *argv]) for name, argv in cases.items()}
    mine, *others = times.items()
    rows = [(mine[0], seconds(mine[1]), goal(mine[1], _GOAL, at_least=False))]
    rows += [(name, seconds(value), "") for name, value in others]
    return Table("The front door", ("command", "time", f"goal {_GOAL} s"), rows, (f"Median of {_TIMES}.",))


def _median(argv: Sequence[str]) -> float:
    return median(_once(argv) for _ in range(_TIMES))


def _once(argv: Sequence[str]) -> float:
    began = time.perf_counter()
    subprocess.run(argv, capture_output=True, check=True)
    return time.perf_counter() - began
