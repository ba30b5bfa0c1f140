"""When the successor of a job is submitted, and what time there is for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from reconciler.models.wanted import Wanted
from reconciler.models.workload import PendingClass, Workload

# Slurm may send the signal before the time limit up to this much earlier than asked for (sbatch(1), --signal).
_EARLY = timedelta(seconds=60)
# Slurm counts time limits in minutes and rounds them up.
_MINUTE = timedelta(minutes=1)
_SHORTEST = timedelta(minutes=2)


def usual_lead(startup: timedelta, grace: timedelta, look: timedelta) -> timedelta:
    """How long before its limit a job needs its successor, by the recipe. `look` is the time between two looks.

    Even the longest start that the recipe allows is over by then when the old job begins to stop.
    """
    return startup + grace + _EARLY + 2 * look


def is_due(wanted: Wanted, workload: Workload, now: datetime) -> bool:
    """Whether a running job is so close to its limit that its successor is to be submitted.

    Never in the first half of its time: a job that is shorter than the lead would have a successor at once otherwise.
    """
    if wanted.lead is None or workload.deadline is None:
        return False
    left = workload.deadline - now
    return left <= wanted.lead and (workload.limit is None or left <= workload.limit / 2)


def lower_limit(wanted: Wanted, workload: Workload, now: datetime) -> timedelta | None:
    """The limit to which a running job is to be lowered; None when it stays. An owner may only lower it.

    It stays when the new one would leave too little time for a successor: the new limit then begins with that one.
    """
    limit = _rounded(wanted.limit)
    if not wanted.limit or workload.limit is None or workload.since is None or limit >= workload.limit:
        return None
    lead = min(wanted.lead or timedelta(), limit / 2)
    return limit if workload.since + limit - now > lead else None


def limit_before(closes: datetime | None, wanted: Wanted, workload: Workload, now: datetime) -> timedelta | None:
    """The limit with which a waiting job ends before the site closes for maintenance; None when it stays as it is.

    A fifth is left for the time that it goes on waiting, so that it is not shortened again at every look.
    """
    if closes is None or workload.pending is not PendingClass.RESERVED or workload.limit is None:
        return None
    room = closes - now
    short = timedelta(minutes=int(room * 0.8 / _MINUTE))
    enough = short >= max(_SHORTEST, min(wanted.lead or timedelta(), workload.limit / 2))
    return short if workload.limit > room and enough else None


def _rounded(seconds: int) -> timedelta:
    return -(-seconds // 60) * _MINUTE
