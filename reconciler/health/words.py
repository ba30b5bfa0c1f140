"""What a workload waits for, in words for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from reconciler.models.workload import PendingClass, Workload

#: How each class begins its sentence.
CLASS_WORDS = {
    PendingClass.WAITING: "waiting",
    PendingClass.RESERVED: "reserved",
    PendingClass.HELD: "held",
    PendingClass.BLOCKED: "blocked for ever",
}
_SOON = timedelta(minutes=10)


def moment(time: datetime, now: datetime) -> str:
    """A time of the day in UTC; with seconds when it is near, with the date when it is on another day.

    A time and not a duration: the text stays the same from look to look.
    """
    time = time.astimezone(UTC)
    if abs(time - now) <= _SOON:
        return f"{time:%H:%M:%S} UTC"
    return f"{time:%H:%M} UTC" if time.date() == now.astimezone(UTC).date() else f"{time:%Y-%m-%d %H:%M} UTC"


def waiting(workload: Workload, now: datetime) -> str:
    """Class, reason and expected start: `waiting: for free resources (Resources); expected to start at 14:02 UTC`."""
    reason = waits_for(workload)
    if workload.expected is None:
        return reason
    return f"{reason}; expected to start at {moment(workload.expected, now)}"


def waits_for(workload: Workload) -> str:
    """Class and reason. The platform's words usually name the class already."""
    if workload.pending is None:
        return workload.reason or "waiting"
    kind = CLASS_WORDS[workload.pending]
    if not workload.reason:
        return kind
    return workload.reason if kind in workload.reason else f"{kind}: {workload.reason}"
