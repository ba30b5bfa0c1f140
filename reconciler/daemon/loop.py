"""The thread of one target: turns when its bell rings, at the latest every tick, never closer than the site allows."""

from __future__ import annotations

import logging
import threading
import time

from reconciler.daemon.feed import Feed
from reconciler.desired.load import Desired
from reconciler.settings import SlurmTarget
from reconciler.turn import Turn, World

_log = logging.getLogger("reconciler.loop")

#: Seconds between two turns: a ring after quiet is heard at once, rings that come together make one turn more.
_COALESCE = 0.05


class TargetLoop(threading.Thread):
    """Keeps one target as Git wants it, however slow the other targets are."""

    def __init__(self, world: World, turn: Turn, feed: Feed, stop: threading.Event) -> None:
        super().__init__(name=f"target-{world.name}", daemon=True)
        self._world = world
        self._turn = turn
        self._feed = feed
        self._stop_event = stop
        self._bell = threading.Event()
        target = world.target
        self._least = target.min_interval.total_seconds() if isinstance(target, SlurmTarget) else 0.0

    def ring(self) -> None:
        """Look again soon."""
        self._bell.set()

    def run(self) -> None:
        """Turn until stopped."""
        while not self._stop_event.is_set():
            self._bell.clear()
            began = time.monotonic()
            tick = due = self._world.target.tick.total_seconds()
            desired = self._feed.desired
            if desired is not None:
                due = min(tick, self._turn_once(desired, tick))
                self._stop_event.wait(max(_COALESCE, self._least))
            self._bell.wait(max(0.0, began + due - time.monotonic()))

    def _turn_once(self, desired: Desired, tick: float) -> float:
        """One turn; in how many seconds it is worth to look again."""
        try:
            report = self._turn.run(desired, self._feed)
        except Exception:  # noqa: BLE001 - a fault of ours in one turn must not end the thread
            _log.exception("%s: the turn failed; the next one is in %g s", self._world.name, tick)
            return tick
        return tick if report.again is None else report.again
