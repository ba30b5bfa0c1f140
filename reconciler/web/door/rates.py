"""How often: a window that slides, for many names, in bounded memory.

Two numbers a name (this minute's count and the last one's) are enough for a sliding window counter; it never lets more
than the limit into a minute that is looked at as evenly filled. The libraries' in-memory stores keep one entry a
request and never forget a name, and start a thread to clean up: decision 15.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

#: Seconds of the window.
WINDOW = 60.0


@dataclass(frozen=True, slots=True)
class Count:
    """Whether one more was allowed, how many are left now, and seconds until there is one more (0: now)."""

    allowed: bool
    left: int
    wait: float


@dataclass(slots=True)
class _Bucket:
    window: int
    now: int = 0
    before: int = 0


class Rates:
    """Counts of names. For one thread (the server's loop). `clock` gives seconds that never go back.

    At most `most` names are known; the one that was quiet longest is forgotten first.
    """

    def __init__(self, limit: int, clock: Callable[[], float], most: int = 10_000) -> None:
        self.limit = limit
        self._clock = clock
        self._most = most
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def hit(self, name: str) -> Count:
        """One more of this name, if the limit allows it; what is refused does not count."""
        at = self._clock() / WINDOW
        bucket, share = self._bucket(name, int(at)), 1 - at % 1
        used = bucket.now + bucket.before * share
        if used + 1 > self.limit:
            return Count(allowed=False, left=0, wait=WINDOW * _until(bucket, share, self.limit))
        bucket.now += 1
        return Count(allowed=True, left=int(self.limit - used - 1), wait=0.0)

    def _bucket(self, name: str, window: int) -> _Bucket:
        bucket = self._buckets.setdefault(name, _Bucket(window))
        self._buckets.move_to_end(name)
        if bucket.window != window:
            before = bucket.now if bucket.window == window - 1 else 0
            bucket.window, bucket.now, bucket.before = window, 0, before
        while len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return bucket


def _until(bucket: _Bucket, share: float, limit: int) -> float:
    """In windows: how long until one more fits. `share` of the last window counts now, and ever less."""
    room = limit - 1 - bucket.now
    if room >= 0:
        return max(0.0, share - room / bucket.before) if bucket.before else 0.0
    return share + max(0.0, 1 - (limit - 1) / bucket.now)


def group(address: str) -> str:
    """Whom an address is counted with: an IPv6 host has a whole /64 to choose from, so that counts as one."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    return str(known.ipv4_mapped or ipaddress.ip_network((int(known), 64), strict=False))
