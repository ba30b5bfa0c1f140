"""What a turn remembers of the one before: which services to leave alone for a moment, and why.

Nothing here is needed for safety; it is lost with the daemon, and then a refused request is made once more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from reconciler.errors import Next
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Observed

_SHOWN_WITHIN = timedelta(seconds=5)
_UNCERTAIN = timedelta(seconds=10)
_REFUSED = timedelta(minutes=5)
_RETRY_CAP = 60.0


@dataclass(frozen=True, slots=True)
class _Entry:
    digest: str
    until: datetime
    error: str = ""
    failures: int = 0


class Patience:
    """Keeps, for each service, what its last write came to; forgets it when what is wanted changes."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    def succeeded(self, service: str, digest: str, now: datetime) -> None:
        """A write was accepted: the next looks may not show it yet."""
        self._entries[service] = _Entry(digest, now + _SHOWN_WITHIN)

    def failed(self, service: str, digest: str, error: str, then: Next, now: datetime) -> None:
        """A write failed: `then` says whether to retry soon (1, 2, 4 … 60 s), wait for a look, or hardly ever."""
        before = self._entries.get(service)
        failures = before.failures + 1 if before is not None and before.digest == digest else 1
        match then:
            case Next.RETRY:
                pause = timedelta(seconds=min(_RETRY_CAP, 2.0 ** (failures - 1)))
            case Next.WAIT:
                pause = _UNCERTAIN
            case Next.STOP:
                pause = _REFUSED
        self._entries[service] = _Entry(digest, now + pause, error, failures)

    def refresh(self, wanted: Iterable[Wanted], seen: Observed) -> None:
        """Forget what is out of date: changed or unwanted services, and writes that the look shows."""
        digests = {one.service: one.digest for one in wanted}
        shown = {(workload.mark.service, workload.mark.digest) for workload in seen.workloads}
        self._entries = {
            name: entry
            for name, entry in self._entries.items()
            if digests.get(name) == entry.digest and (entry.error or self._waits(name, entry, seen, shown))
        }

    @staticmethod
    def _waits(name: str, entry: _Entry, seen: Observed, shown: set[tuple[str, str]]) -> bool:
        return seen.at < entry.until and (name, entry.digest) not in shown

    def in_flight(self) -> frozenset[str]:
        """Services whose accepted write is not seen yet."""
        return frozenset(name for name, entry in self._entries.items() if not entry.error)

    def not_now(self, now: datetime) -> dict[str, str]:
        """Services that failed and are not tried again yet, with the error."""
        return {name: entry.error for name, entry in self._entries.items() if entry.error and now < entry.until}

    def next_try(self, now: datetime) -> float | None:
        """Seconds until the earliest entry runs out; None when there is none."""
        waits = [(entry.until - now).total_seconds() for entry in self._entries.values()]
        return max(0.0, min(waits)) if waits else None
