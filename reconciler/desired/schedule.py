"""Whether a service with a schedule is up at a moment. The moment is given, never asked for."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim

from reconciler.models.service import Schedule


def down_reason(schedule: Schedule, now: datetime) -> str:
    """Why and until when it is not up, and "" while it is; `now` is aware.

    The next event tells: whoever goes up next is down now. Both at the same minute: up. (A line that never comes true,
    such as 30 February, is refused when it is read.)
    """
    here = now.astimezone(ZoneInfo(schedule.timezone))
    up, down = next(CronSim(schedule.up, here)), next(CronSim(schedule.down, here))
    return "" if down <= up else f"down until {up:%a %d %b %H:%M} {schedule.timezone}"
