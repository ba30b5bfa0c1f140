"""The clocks of this machine and of the controller, and how far they are apart.

Slurm's times are by the controller's clock. It is asked once, and again when this machine's clock was set: that shows
as a jump of the wall clock against the monotonic one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.errors import LookError
from reconciler.slurm.door.commands import Commands

# "sdiag output at Tue Nov 24 10:17:18 2026 (1795515438)": when the controller answered (src/sdiag/sdiag.c).
_ANSWERED = re.compile(r"sdiag output at [^\n]* \((\d{9,10})\)", re.ASCII)
# Slurm's times are whole seconds, and clocks are trimmed all the time: less than this is no difference.
_TOLERANCE = 2
_AGAIN = 300.0


def utc_now() -> datetime:
    """The moment by this machine's wall clock."""
    return datetime.now(UTC)  # noqa: TID251 - a doer reads the clock and hands the moment on


@dataclass(frozen=True, slots=True)
class Clock:
    """The two clocks of this machine: `now` for moments, `monotonic` (seconds) for what passed between them."""

    now: Callable[[], datetime] = utc_now
    monotonic: Callable[[], float] = time.monotonic

    def zero(self) -> float:
        """When the monotonic clock showed 0, by the wall clock: it changes when the wall clock is set."""
        return self.now().timestamp() - self.monotonic()


def is_set(before: float, after: float) -> bool:
    """Whether the wall clock was set between two zeros."""
    return abs(after - before) > _TOLERANCE


class Offset:
    """How many seconds the controller's clock is ahead of this machine's; used by one thread."""

    def __init__(self, commands: Commands, clock: Clock) -> None:
        self._commands = commands
        self._clock = clock
        self._seconds = 0
        self._zero: float | None = None
        self._not_before = 0.0

    def seconds(self) -> int:
        """The offset; the last known one, at first 0, when the controller does not say. Asks only when it may differ.

        Never raises; a controller that never said is not asked again for five minutes.
        """
        asked = self._zero is not None and not is_set(self._zero, self._clock.zero())
        if not asked and self._clock.monotonic() >= self._not_before:
            self._ask()
        return self._seconds

    def _ask(self) -> None:
        before = self._clock.now().timestamp()
        try:
            answered = answer_time(self._commands.sdiag())
        except LookError:
            answered = None
        if answered is None:
            if self._zero is None:  # it never did; one that did will soon
                self._not_before = self._clock.monotonic() + _AGAIN
            return
        self._zero = self._clock.zero()
        self._seconds = apart(before, answered, self._clock.now().timestamp())


def answer_time(text: str) -> int | None:
    """The controller's time in the text of sdiag, in seconds since the epoch; None when it is not there."""
    match = _ANSWERED.search(text)
    return int(match[1]) if match else None


def apart(before: float, answered: int, after: float) -> int:
    """Seconds by which a clock is ahead that showed `answered` between two moments of ours; 0 when it may be none."""
    if before - _TOLERANCE < answered < after + _TOLERANCE:
        return 0
    return round(answered + 0.5 - (before + after) / 2)
