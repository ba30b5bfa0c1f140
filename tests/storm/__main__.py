"""`python -m tests.storm`: hundreds of random faults on the real Slurm, and what must never happen, counted."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections.abc import Iterator

from rich.console import Console

from tests.bench.report import Table, show
from tests.storm.run import Outcome, stormy_lab, weather


def main() -> int:
    arguments = _parser().parse_args()
    console = Console(width=max(Console().width, 120), highlight=False)
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
    for one in _explain(outcome):
        console.print(one, markup=False, soft_wrap=True)
    return 1 if any(outcome.broken.values()) else 0


def _explain(outcome: Outcome) -> Iterator[str]:
    """What must never happen and did, each with all that is known of the jobs that it names."""
    for what, found in outcome.broken.items():
        for one in found:
            yield f"\n{what}: {one}"
            for name in (name for name in outcome.evidence if name in one):
                yield from outcome.evidence[name]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.storm", description=__doc__)
    parser.add_argument("--events", type=int, default=300, help="how many (default: 300)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="of the dice; printed at the end")
    return parser


def _tables(outcome: Outcome) -> list[Table]:
    head = f"A storm of {outcome.events.total()} events in {outcome.seconds:.0f} s, seed {outcome.seed}"
    numbers = [
        ("jobs seen", outcome.jobs),
        ("submits", outcome.submits),
        ("daemons killed", outcome.kills),
        ("cancels by the daemon", outcome.cancelled.total() + len(outcome.wrong)),
        *((f"  {reason}", number) for reason, number in sorted(outcome.cancelled.items())),
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
