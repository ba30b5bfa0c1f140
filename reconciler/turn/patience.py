"""What a turn remembers of the one before: which services to leave alone for a moment, and why.

Nothing here is needed for safety; it is lost with the daemon, and then a refused request is made once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.errors import Next
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Observed

_SHOWN_WITHIN = timedelta(seconds=5)
_UNCERTAIN = timedelta(seconds=10)
_REFUSED = timedelta(minutes=5)
_SITE = timedelta(seconds=60)
_RETRY_CAP = 60.0
_SOON_CAP = 4.0
_NEVER = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a write came to: not before `until` again. `site` is the fingerprint for which a refusal holds."""

    version: tuple[str, str, int]
    since: datetime
    until: datetime
    error: str = ""
    then: Next | None = None
    failures: int = 0
    site: str = ""

    def holds(self, now: datetime) -> bool:
        """Whether it still counts; a clock that was set back ends it."""
        return self.since - _SHOWN_WITHIN <= now < self.until


class Patience:
    """Keeps, for each service, what its last write came to; forgets it when what is wanted changes.

    `site` gives a fingerprint of what the platform allows ("" where it cannot be told). It is asked after a refusal,
    and once a minute while there is one: what is refused is refused until the service or the site changes.
    """

    def __init__(self, site: Callable[[], str] = lambda: "") -> None:
        self._site = site
        self._asked: tuple[datetime, str] | None = None
        self._entries: dict[str, _Entry] = {}

    def __bool__(self) -> bool:
        """Whether there is anything to remember."""
        return bool(self._entries)

    def succeeded(self, wanted: Wanted, now: datetime) -> None:
        """A write was accepted: the next looks may not show it yet."""
        self._entries[wanted.service] = _Entry(_version(wanted), now, now + _SHOWN_WITHIN)

    def failed(self, wanted: Wanted, error: str, then: Next, now: datetime) -> None:
        """A write failed: `then` says whether to retry (1, 2, 4 … 60 s; soon: … 4 s), wait for a look, or leave it."""
        before = self._entries.get(wanted.service)
        version = _version(wanted)
        failures = before.failures + 1 if before is not None and before.version == version else 1
        site = ""
        match then:
            case Next.RETRY:
                pause = _backoff(failures, _RETRY_CAP)
            case Next.SOON:
                pause = _backoff(failures, _SOON_CAP)
            case Next.WAIT:
                pause = _NEVER
            case Next.STOP:
                site = self._fingerprint(now)
                pause = _NEVER if site else _REFUSED
        self._entries[wanted.service] = _Entry(version, now, now + pause, error, then, failures, site)

    def refresh(self, wanted: Iterable[Wanted], seen: Observed) -> None:
        """Forget what is out of date: changed or unwanted services, writes that the look shows, another site."""
        if not self._entries:
            return
        versions = {one.service: _version(one) for one in wanted}
        shown = {(workload.mark.service, workload.mark.digest) for workload in seen.workloads}
        kept = {}
        for name, entry in self._entries.items():
            current = versions.get(name) == entry.version and self._still_refused(entry, seen.at)
            if current and (entry.error or (entry.holds(seen.at) and (name, entry.version[0]) not in shown)):
                kept[name] = _looked_at(entry, seen.at)
        self._entries = kept

    def in_flight(self) -> frozenset[str]:
        """Services whose accepted write is not seen yet."""
        return frozenset(name for name, entry in self._entries.items() if not entry.error)

    def not_now(self, now: datetime) -> dict[str, str]:
        """Services that failed and are not tried again yet, with the error."""
        return {name: entry.error for name, entry in self._entries.items() if entry.error and entry.holds(now)}

    def next_try(self, now: datetime) -> float | None:
        """Seconds until the earliest entry runs out or is to be looked at again; None when there is none."""
        waits = [min(entry.until - now, _SITE).total_seconds() for entry in self._entries.values()]
        return max(0.0, min(waits)) if waits else None

    def _still_refused(self, entry: _Entry, now: datetime) -> bool:
        return not entry.site or self._fingerprint(now) in ("", entry.site)

    def _fingerprint(self, now: datetime) -> str:
        """The site's fingerprint, at most a minute old."""
        if self._asked is None or not timedelta() <= now - self._asked[0] < _SITE:
            self._asked = now, self._site()
        return self._asked[1]


def _backoff(failures: int, cap: float) -> timedelta:
    return timedelta(seconds=min(cap, 2.0 ** min(failures - 1, 20)))


def _version(wanted: Wanted) -> tuple[str, str, int]:
    return wanted.digest, wanted.place, wanted.limit


def _looked_at(entry: _Entry, now: datetime) -> _Entry:
    """A write without an answer may still come through a moment after the first look that got an answer again."""
    if entry.then is Next.WAIT and entry.until - now > _UNCERTAIN:
        return replace(entry, until=now + _UNCERTAIN)
    return entry
