"""When a site closes for maintenance, from `scontrol show reservation --oneliner`. Pure."""

from __future__ import annotations

import re

_START = re.compile(r" StartTime=(\d{9,10}) ", re.ASCII)
_FLAGS = re.compile(r" Flags=(\S*)")


def next_closing(text: str, now: float) -> int | None:
    """The earliest start after `now` of a reservation for maintenance; None when there is none.

    All in seconds since the epoch by the controller's clock. Which nodes it takes is not looked at: Slurm's own reason
    says that a job waits for one, and the next is the one in its way.
    """
    starts = (_start(line) for line in text.splitlines())
    return min((start for start in starts if start is not None and start > now), default=None)


def _start(line: str) -> int | None:
    start, flags = _START.search(line), _FLAGS.search(line)
    return int(start[1]) if start and flags and "MAINT" in flags[1].split(",") else None
