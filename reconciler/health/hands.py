"""What hands changed, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from reconciler.health.words import moment
from reconciler.models.status import Fight
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Drift


def changed_by_hand(drift: Sequence[Drift], wanted: Wanted, fights: Sequence[Fight], now: datetime) -> str:
    """One sentence about what differs from Git, and who undoes its repair; "" when nothing does."""
    if fights:
        first = fights[0]
        who = first.drift.manager or "somebody"
        return (
            f"{who} undoes the repair of {first.drift.where}: {first.drift.field} again and again "
            f"({first.times} times); it is put back again at {moment(first.until, now)}{_more(fights)}; "
            "give the field to them with `ignore`"
        )
    if not drift:
        return ""
    doing = "is being put back" if wanted.drift == "repair" else "left as it is (drift: report)"
    return f"changed by hand, {doing}: {drift[0]}{_more(drift)}"


def _more(several: Sequence[object]) -> str:
    return f" and {len(several) - 1} more" if len(several) > 1 else ""
