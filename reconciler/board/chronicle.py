"""Verdicts on services as they changed, for people: bounded, in memory, lost with the daemon."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from heapq import merge

from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, State, Transition

#: So many are kept for a service on a target, at most.
LONGEST = 100
#: So many are kept on a target in all; each service has its share, but never less than the last ten.
MOST = 200_000
_LEAST = 10
_WORDS = 500


class Chronicle:
    """Remembers each change of a verdict, for services that are in the table; to be guarded by its owner."""

    def __init__(self) -> None:
        self._stories: dict[str, dict[str, tuple[Transition, ...]]] = {}

    def add(self, target: str, services: Sequence[ServiceStatus], at: datetime | None) -> None:
        """The table of one target as of `at` (None: by what each service says of itself)."""
        before = self._stories.get(target, {})
        self._stories[target] = now = {}
        longest = min(LONGEST, max(_LEAST, MOST // max(1, len(services))))
        for one in services:
            story = before.get(one.service, ())
            last = story[-1].after if story else None
            if last is None or last[0] is not one.state or last[1] is not one.health:
                change = Transition(at or one.since, last, _verdict(one.state, one.health), one.why[:_WORDS])
                story = (*story[1 - longest :], change)
            now[one.service] = story

    def of(self, service: str, target: str | None = None) -> tuple[Transition, ...]:
        """As they came, which is oldest first unless the clock was set back; of all targets when none is named."""
        stories = (known.get(service, ()) for name, known in self._stories.items() if target in (None, name))
        return tuple(merge(*stories, key=lambda change: change.at))

    def tables(self) -> dict[str, dict[str, tuple[Transition, ...]]]:
        """All that is kept, by target and service; nothing of it changes later."""
        return dict(self._stories)


@cache
def _verdict(state: State, health: Health) -> tuple[State, Health]:
    """The pair, the same one for all."""
    return state, health
