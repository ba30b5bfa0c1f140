"""Whether a service with a schedule is up at a moment. The moment is given, never asked for."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim

from reconciler.models.service import Schedule


def down_reason(schedule: Schedule, now: datetime) -> str:
    """Why and until when it is not up, and "" while it is; `now` is aware.

    The next event tells: whoever goes up next is down now. Both at the same minute: up. A line that never comes true
    (30 February) is no event; without an `up` to come it is down for good.
    """
    here = now.astimezone(ZoneInfo(schedule.timezone))
    up, down = _next(schedule.up, here), _next(schedule.down, here)
    if up is None:
        return f"down: `{schedule.up}` never comes true"
    if down is None or down <= up:
        return ""
    return f"down until {up:%a %d %b %H:%M} {schedule.timezone}"


def _next(line: str, after: datetime) -> datetime | None:
    return next(CronSim(line, after), None)
