"""`python -m tests.bench`: all measures of docs/performance.md, on real parts, as tables. It never fails for a number.

A goal that is missed is printed as missed.
"""

from __future__ import annotations

import argparse
import os
import platform

from rich.console import Console

from tests.bench import api_load, api_reads, detection, front_door, gap, kubernetes, plan, probes, pure, scrape, slurm
from tests.bench.report import Table, show

_COUNTS = (100, 1_000)
_ENDPOINTS = (1_000, 10_000)
_MEASURES = ("help", "pure", "scrape", "probes", "slurm", "kubernetes", "api")
_LONG = ("gap", "detection", "load")  # minutes of waiting: only when asked for


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
    match name:
        case "help":
            return (front_door.measure(),)
        case "pure":
            return pure.measure(), plan.measure()
        case "probes":
            return (probes.measure(counts),)
        case "scrape":
            return (scrape.measure(),)
        case "slurm":
            return slurm.measure(counts)
        case "gap":
            return (gap.measure(),)
        case "api":
            return (api_reads.measure(),)
        case "load":
            return api_load.measure()
        case "detection":
            return (detection.measure(),)
        case _:
            return kubernetes.measure(counts)


main()
