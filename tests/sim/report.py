"""The table of many walks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tests.sim.walk import Tally

RULES = (
    ("1", "unknown is not absent"),
    ("2", "only what bears our mark is touched"),
    ("4", "no removal without leave"),
    ("7", "two daemons never fight"),
    ("8", "stateful replicas never run twice"),
    ("duplicate", "no need is met twice"),
    ("wrong cancel", "nothing healthy and wanted is ended without a successor"),
    ("roll-out", "no more replicas are missing than allowed"),
    ("by hand", "what people did by hand stays"),
    ("lost service", "everything settles: all that is wanted runs, nothing else, and the plan is empty"),
    ("fault of ours", "no action ends in an internal error"),
)


def table(
    tally: Tally,
    seconds: float,
    rules: Sequence[tuple[str, str]] = RULES,
    counted: Sequence[str] = ("turns", "deaths", "calms"),
) -> str:
    """Steps, what else is `counted`, faults by kind, and broken `rules`; the wall's time in seconds gives the speed."""
    counts = tally.counts
    broken = Counter(rule for _, rule, _ in tally.broken)
    rows = [
        ("steps", f"{tally.steps:,}"),
        ("steps/s", f"{tally.steps / seconds:,.0f}"),
        *((name, f"{counts[name]:,}") for name in counted),
        *((f"fault, {name}", f"{count:,}") for name, count in sorted(counts.items()) if ":" in name),
        *((f"broken: {words}", str(broken[rule])) for rule, words in rules),
    ]
    return "\n".join(f"{name:<92}{value:>12}" for name, value in rows)
