"""`python -m tests.sim.kubernetes --steps N --jobs 2 --seed S`: many random walks; ends with 1 when a rule was broken.

What walks is a simulated API server in virtual time with the whole daemon on it. `server` is what it does, over `store`
and behind `admission`; `ownership` and `fields` are server-side apply; `controllers`, `pods` and `garbage` what runs on
it; `api` its requests as the daemon's door sees them, `faults` a door that fails, and `weather` how. `daemon` is the
real turn behind that door, `scenario` everything that can happen (`hands` and `rivals`: by others), `walk` the chance
that makes it happen, and `rules` and `calm` say what must never be. `test_honesty` sends the same requests here and to
a real API server.
"""

from __future__ import annotations

import argparse
import gc
import logging
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.sim.kubernetes.report import table
from tests.sim.kubernetes.walk import walk
from tests.sim.walk import Tally

#: Steps of one walk where none are named: what has to be replayed when it breaks a rule.
LENGTH = 1000
# So many broken rules are enough to look at.
_ENOUGH = 20


def main() -> int:
    """Walk until there are enough steps."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.sim.kubernetes", description="Many random walks on a simulated Kubernetes."
    )
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1, help="of the first walk; the next ones count on")
    parser.add_argument("--length", type=int, default=LENGTH, help="steps of one walk")
    parser.add_argument("--jobs", type=int, default=1, help="processes at the same time")
    arguments = parser.parse_args()
    began = time.monotonic()
    tally = Tally()
    for part in _walks(arguments.seed, arguments.steps, arguments.length, arguments.jobs):
        tally.steps += part.steps
        tally.counts += part.counts
        tally.broken += part.broken
        if tally.steps >= arguments.steps or len(tally.broken) >= _ENOUGH:
            break
    for seed, _, trail in tally.broken:
        sys.stdout.write(f"\n{trail}\n{replay(seed, arguments.length)}\n")
    sys.stdout.write(f"{table(tally, time.monotonic() - began)}\n")
    return 1 if tally.broken else 0


def replay(seed: int, length: int) -> str:
    """The command that takes a walk again."""
    return f"replay: python -m tests.sim.kubernetes --steps {length} --length {length} --seed {seed}"


def _walks(seed: int, steps: int, length: int, jobs: int) -> Iterator[Tally]:
    seeds, one = range(seed, seed + max(1, steps // length)), partial(_one, length=length)
    if jobs == 1:
        yield from map(one, seeds)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(one, seeds, chunksize=2)


def _one(seed: int, length: int) -> Tally:
    """One walk in this process, without the daemon's log, and without garbage of the one before."""
    logging.getLogger("reconciler").setLevel(logging.CRITICAL + 1)
    gc.unfreeze()
    gc.collect()
    tally = Tally()
    walk(seed, length, tally)
    return tally


if __name__ == "__main__":
    sys.exit(main())
