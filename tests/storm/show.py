"""`python -m tests.storm.show`: two services through ten time limits, two node failures and five kills of the daemon.

Writes down what happened, line by line, and how it was for a client of each.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from tests.bench.report import Table, show
from tests.faults.site import Site
from tests.storm.endurance import STATEFUL, STATELESS, Course, Endurance, Result
from tests.storm.run import stormy_lab

_COURSE = Course(limits=10, nodes=2, kills=5)
_RECORDING = Path(__file__).parents[2] / "docs" / "outliving-jobs.txt"


def main() -> int:
    arguments = _parser().parse_args()
    with arguments.output.open("w", encoding="utf-8") as file:
        consoles = [Console(width=120, highlight=False), Console(width=120, highlight=False, file=file)]
        result = endure(_COURSE, _teller(consoles))
        for console in consoles:
            show(_table(result), console)
    return 1 if _broken(result) else 0


def endure(course: Course, tell: Callable[[str], None]) -> Result:
    """One run on a lab of its own; nothing is left of it."""
    with stormy_lab() as lab:
        site = Site(lab)
        try:
            return Endurance(site, course, tell).run()
        finally:
            site.clear()


def _teller(consoles: list[Console]) -> Callable[[str], None]:
    began = time.monotonic()

    def tell(said: str) -> None:
        minutes, seconds = divmod(time.monotonic() - began, 60)
        for console in consoles:
            console.print(f"{minutes:02.0f}:{seconds:04.1f}  {said}", markup=False)

    return tell


def _table(result: Result) -> Table:
    course = result.course
    title = (
        f"{course.limits} time limits, {course.nodes} node failures, {course.kills} kills of the daemon"
        f" in {result.seconds / 60:.0f} minutes"
    )
    columns = ("service", "time limits", "jobs", "requests", "failed", "not by a node failure", "longest gap")
    kinds = {STATELESS: "stateless", STATEFUL: "stateful"}
    rows = [
        (
            f"{one.service} ({kinds[one.service]})",
            str(one.limits),
            str(one.jobs),
            f"{one.asked:,}",
            str(one.failed),
            str(one.outside),
            f"{one.longest_gap:.1f} s",
        )
        for one in result.seen
    ]
    never = f"went back {result.went_back} times; two servers had its data at once {len(result.overlaps)} times"
    notes = (
        "A client asks each service every 100 ms, where the daemon has last said that it is; nothing is tried twice.",
        f"The counter of {STATEFUL} {never}; duplicates in the queue: {len(result.duplicates)}.",
    )
    return Table(title, columns, rows, notes)


def _broken(result: Result) -> bool:
    stateless = next(one for one in result.seen if one.service == STATELESS)
    return bool(stateless.outside or result.went_back or result.overlaps or result.duplicates)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.storm.show", description=__doc__)
    parser.add_argument("--output", type=Path, default=_RECORDING, help="the recording (default: %(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
