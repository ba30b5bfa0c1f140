"""The table of many walks on Kubernetes."""

from __future__ import annotations

from collections import Counter

from tests.sim.walk import Tally

RULES = (
    ("1", "unknown is not absent: nothing because of an incomplete look or a gap"),
    ("2", "only what bears our mark is touched"),
    ("4", "no removal without leave"),
    ("7", "two daemons never fight"),
    ("data", "claims go only with their service, and only when data is not kept"),
    ("duplicate", "no service runs twice"),
    ("wrong deletion", "nothing wanted is deleted that could be changed in place"),
    ("lost service", "everything settles: all that is wanted is there as declared, and nothing else"),
    ("quiet", "a turn without news asks nothing"),
    ("fault of ours", "no action ends in an internal error"),
)


def table(tally: Tally, seconds: float) -> str:
    """Steps, deaths, faults by kind, and broken rules; the wall's time in seconds gives the speed."""
    counts = tally.counts
    broken = Counter(rule for _, rule, _ in tally.broken)
    rows = [
        ("steps", f"{tally.steps:,}"),
        ("steps/s", f"{tally.steps / seconds:,.0f}"),
        *((name, f"{counts[name]:,}") for name in ("turns", "deaths", "leaders", "calms")),
        *((f"fault, {name}", f"{count:,}") for name, count in sorted(counts.items()) if ":" in name),
        *((f"broken: {words}", str(broken[rule])) for rule, words in RULES),
    ]
    return "\n".join(f"{name:<92}{value:>12}" for name, value in rows)
