"""Verdicts on services as they changed, for people: bounded, in memory, lost with the daemon."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime

from reconciler.models.status import ServiceStatus, Transition

#: So many are kept for a service on a target.
LONGEST = 100


class Chronicle:
    """Remembers each change of a verdict, for services that are in the table; to be guarded by its owner."""

    def __init__(self) -> None:
        self._stories: dict[str, dict[str, deque[Transition]]] = {}

    def add(self, target: str, services: Iterable[ServiceStatus], at: datetime | None) -> None:
        """The table of one target as of `at` (None: by what each service says of itself)."""
        before = self._stories.get(target, {})
        self._stories[target] = now = {}
        for one in services:
            story = now[one.service] = before.get(one.service) or deque(maxlen=LONGEST)
            verdict, last = (one.state, one.health), story[-1].after if story else None
            if verdict != last:
                story.append(Transition(at or one.since, last, verdict, one.why))

    def of(self, service: str, target: str | None = None) -> tuple[Transition, ...]:
        """Oldest first; of all targets when none is named."""
        stories = (known for name, known in self._stories.items() if target in (None, name))
        found = [change for known in stories for change in known.get(service, ())]
        return tuple(sorted(found, key=lambda change: change.at))
