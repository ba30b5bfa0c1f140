"""`python -m tests.storm.kubernetes`: hundreds of random faults on a real API server, and what must never happen."""

from __future__ import annotations

import argparse
import secrets
import sys
import time

from rich.console import Console

from tests.bench.report import Table, show
from tests.storm.kubernetes.run import Outcome, stormy_lab, weather


def main() -> int:
    arguments = _parser().parse_args()
    console = Console(width=max(Console().width, 120), highlight=False)
    console.print(f"seed {arguments.seed}")
    began = time.monotonic()
    with stormy_lab() as lab:
        outcome = weather(
            lab,
            arguments.events,
            arguments.seed,
            lambda said: console.print(f"{time.monotonic() - began:7.1f} s  {said}", markup=False),
        )
    for table in _tables(outcome):
        show(table, console)
    for what, found in outcome.broken.items():
        for one in found:
            console.print(f"{what}: {one}", markup=False, soft_wrap=True)
    if outcome.evidence:
        console.print(f"the evidence is in {outcome.evidence}", markup=False)
    return 1 if outcome.evidence else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.storm.kubernetes", description=__doc__)
    parser.add_argument("--events", type=int, default=300, help="how many (default: 300)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="of the dice; printed first")
    return parser


def _tables(outcome: Outcome) -> list[Table]:
    head = f"A storm of {outcome.events.total()} events in {outcome.seconds:.0f} s, seed {outcome.seed}"
    numbers = [
        ("daemons killed", outcome.kills),
        ("looks of the recorder", outcome.looks),
        *((f"writes: {what}", number) for what, number in sorted(outcome.writes.items())),
        *((f"deletions: {why}", number) for why, number in sorted(outcome.deleted.items())),
        ("seconds until all was well after the last event", round(outcome.recovery)),
    ]
    rows = [(name, str(number)) for name, number in sorted(outcome.events.items())]
    broken = [(name, str(len(found)), "0") for name, found in outcome.broken.items()]
    return [
        Table(head, ("event", "times"), rows),
        Table("What became of it", ("", ""), [(name, str(number)) for name, number in numbers]),
        Table("What must never happen", ("", "counted", "goal"), broken),
    ]


if __name__ == "__main__":
    sys.exit(main())
