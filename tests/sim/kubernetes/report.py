"""The table of many walks on Kubernetes."""

from __future__ import annotations

from tests.sim import report
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
    """As `tests.sim.report.table`, with these rules; daemons that took over are counted too."""
    return report.table(tally, seconds, RULES, ("turns", "deaths", "leaders", "calms"))
