"""What the probes came to, for the threads that want to know: by target and key, on the wall clock of now.

Probes are timed on a clock that is never set. When the wall clock is, all times move with it, so that nobody takes the
step for an hour of bad health; otherwise the same answer has the same times at every reading.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.models.probe import Probed

#: Seconds by which the wall clock may drift from the other one before it counts as set.
_STEP = 1.0


@dataclass(frozen=True, slots=True)
class Entry:
    """As `Probed`, with `since` and `at` in seconds of the monotonic clock."""

    up: bool | None
    since: float
    at: float
    seconds: float
    why: str


class Ledger:
    """Written by one thread, read by many."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._zero = self._now()
        self._entries: dict[str, dict[str, Entry]] = {}
        self._probed: dict[str, dict[str, Probed]] = {}

    def put(self, target: str, key: str, entry: Entry) -> None:
        """The newest of one instance."""
        with self._lock:
            self._entries.setdefault(target, {})[key] = entry
            self._probed.setdefault(target, {})[key] = self._on_wall(entry)

    def drop(self, target: str, keys: Collection[str]) -> None:
        """Forget these."""
        with self._lock:
            for key in keys:
                self._entries.get(target, {}).pop(key, None)
                self._probed.get(target, {}).pop(key, None)

    def read(self, target: str) -> Mapping[str, Probed]:
        """All of one target, as a copy."""
        with self._lock:
            zero = self._now()
            if abs((zero - self._zero).total_seconds()) > _STEP:
                self._zero = zero
                self._probed = {
                    name: {key: self._on_wall(entry) for key, entry in entries.items()}
                    for name, entries in self._entries.items()
                }
            return dict(self._probed.get(target, {}))

    def _now(self) -> datetime:
        """What the wall clock shows when the other one shows 0."""
        return self._clock() - timedelta(seconds=time.monotonic())

    def _on_wall(self, entry: Entry) -> Probed:
        since, at = (self._zero + timedelta(seconds=seconds) for seconds in (entry.since, entry.at))
        return Probed(entry.up, since, at, entry.seconds, entry.why)
