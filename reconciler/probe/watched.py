"""One instance that is probed: what is known of it between two probes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.models.probe import Probing
from reconciler.probe.ledger import Entry
from reconciler.probe.schedule import due, phase, step
from reconciler.probe.standing import Standing, stand


@dataclass(slots=True, eq=False)
class Watched:
    """Times are the loop's. `begun` is when the instance began to run.

    `quick`: its last probe ended well before its time-out. `waiting`: it is due, and there is no room yet.
    """

    target: str
    probing: Probing
    begun: float
    standing: Standing = field(default_factory=Standing)
    changed: float | None = None
    quick: bool = False
    waiting: bool = False
    stopped: bool = False
    phase: float = 0.0
    timer: asyncio.TimerHandle | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    @classmethod
    def make(cls, target: str, probing: Probing, now: float, wall: datetime) -> Watched:
        """One that is new. Its age is taken once, so that a clock that is set later changes no grace."""
        age = (wall - probing.since).total_seconds() if probing.since else 0.0
        return cls(target, probing, now - max(0.0, age), phase=phase(f"{target}/{probing.key}"))

    def due(self, now: float) -> tuple[float, float]:
        """When it is probed next, and how many seconds lie between two probes of it."""
        between = step(self.probing.probe, self.standing.up, now - self.begun)
        return due(now, self.phase, between), between

    def needs_first(self) -> bool:
        """Whether its first request is still due."""
        return self.probing.probe.first_request is not None and not self.standing.served

    def take(self, *, seconds: float, now: float, why: str) -> Entry:
        """One more probe, good when `why` is ""; what is known then."""
        probe = self.probing.probe
        grace = now - self.begun < probe.startup.total_seconds()
        before = self.standing.up
        self.standing = stand(self.standing, probe, answered=not why, grace=grace)
        if self.changed is None or self.standing.up is not before:
            self.changed = now
        return Entry(self.standing.up, self.changed, now, seconds, why)

    def stop(self) -> None:
        """Probe it no more; a probe under way is given up."""
        self.stopped = True
        if self.timer:
            self.timer.cancel()
        if self.task:
            self.task.cancel()
