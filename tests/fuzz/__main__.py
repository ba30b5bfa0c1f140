"""`python -m tests.fuzz`: ten thousand requests that schemathesis makes up, as each kind of caller; prints the counts.

It ends with 1 when an answer was not as the API's description says.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from lab.lab import Lab
from tests.e2e.world import page
from tests.fuzz.run import Count, fuzz
from tests.fuzz.site import FuzzSite, running

_ROLES = ("admin", "bench", "read", "")
#: About so many operations share the requests of a run.
_OPERATIONS = 40
_HOUR = 3600.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="how many requests at least, of all callers")
    parser.add_argument("--report", type=Path, help="a folder for what schemathesis prints")
    arguments = parser.parse_args()
    with Lab.start(slurm=True, kubernetes="none") as lab:
        lab.wait("slurm", 180)
        with running(lab) as site, TemporaryDirectory() as folder:
            return 0 if _all(site, Path(folder), arguments.cases, arguments.report) else 1


def _all(site: FuzzSite, folder: Path, cases: int, report: Path | None) -> bool:
    """Run as each caller in turn, again and again until there were enough cases."""
    made, fine, turn, share = 0, True, 0, max(2, cases // (len(_ROLES) * _OPERATIONS))
    while made < cases and fine:
        for role in _ROLES:
            began = time.monotonic()
            count = fuzz(site.address, folder, site.tokens.get(role, ""), [f"--max-examples={share}"], _HOUR)
            made, fine = made + count.cases, fine and count.fine
            _say(_line(role, count, time.monotonic() - began, made))
            if report:
                (report / f"{role or 'nobody'}-{turn}.txt").write_text(count.text)
        turn += 1
    _say(f"answers: {_answers(site)}; {len(site.commits())} commits")
    return fine


def _answers(site: FuzzSite) -> str:
    """How many answers of each status the daemon has given, as its own metrics tell."""
    found: Counter[str] = Counter()
    for line in page(site.state, "/metrics").splitlines():
        if line.startswith("reconciler_http_requests_total{"):
            labels, _, value = line.rpartition(" ")
            found[labels.partition('code="')[2][:3]] += int(float(value))
    return ", ".join(f"{number:,} of {code}" for code, number in sorted(found.items()))


def _line(role: str, count: Count, took: float, made: int) -> str:
    words = [f"{role or 'nobody'}: {count.cases:,} cases of {count.tested} operations in {took:.0f} s"]
    words += [*count.failures, *count.errors, "" if count.complete else "it did not end"]
    return "; ".join(word for word in words if word) + f" ({made:,} in all)"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


sys.exit(main())
