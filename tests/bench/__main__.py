"""`python -m tests.bench`: all measures of docs/performance.md, on real parts, as tables. It never fails for a number.

A goal that is missed is printed as missed.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable

from rich.console import Console

from tests.bench import (
    api_load,
    api_reads,
    detection,
    front_door,
    gap,
    kubernetes,
    plan,
    probes,
    pure,
    scrape,
    slurm,
    start,
)
from tests.bench.report import Table, show

_COUNTS = (100, 1_000)
_ENDPOINTS = (1_000, 10_000)
_MEASURES = ("help", "pure", "scrape", "probes", "slurm", "kubernetes", "api")
_LONG = ("gap", "detection", "load", "start")  # minutes of waiting: only when asked for


def main() -> None:
    arguments = _parser().parse_args()
    counts = tuple(arguments.count or _COUNTS)
    console = Console(width=max(Console().width, 150))
    load = ", ".join(f"{one:.2f}" for one in os.getloadavg())
    console.print(
        f"{os.cpu_count()} processors, Linux {platform.release()}, Python {platform.python_version()}; "
        f"load before: {load}\n",
        highlight=False,
    )
    for name in arguments.only or _MEASURES:
        for table in _measure(name, tuple(arguments.count or _ENDPOINTS) if name == "probes" else counts):
            show(table, console)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--count", type=int, action="append", help="number of services; may be given more than once")
    words = "this measure; may be given more than once"
    parser.add_argument("--only", choices=_MEASURES + _LONG, action="append", help=words)
    return parser


def _measure(name: str, counts: tuple[int, ...]) -> tuple[Table, ...]:
    measures: dict[str, Callable[[], tuple[Table, ...]]] = {
        "help": lambda: (front_door.measure(),),
        "pure": lambda: (pure.measure(), plan.measure()),
        "probes": lambda: (probes.measure(counts),),
        "scrape": lambda: (scrape.measure(),),
        "slurm": lambda: slurm.measure(counts),
        "kubernetes": lambda: kubernetes.measure(counts),
        "gap": lambda: (gap.measure(),),
        "api": lambda: (api_reads.measure(),),
        "load": api_load.measure,
        "detection": lambda: (detection.measure(),),
        "start": start.measure,
    }
    return measures[name]()


main()
