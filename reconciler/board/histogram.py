"""How long something took, as a frozen value."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

#: Upper bounds of buckets in seconds, for what the daemon itself does.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


@dataclass(frozen=True, slots=True)
class Histogram:
    """How long something took: how many times at most each of `bounds` and above the one before it, the rest last.

    `total` is the sum in seconds. `examples` has the last one of each bucket, with the commit in force (None: no one).
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...] = ()
    total: float = 0.0
    examples: tuple[tuple[float, str] | None, ...] = ()

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.counts)

    def add(self, seconds: float, revision: str = "") -> Histogram:
        """The histogram with one more; what is negative (a clock was set) counts as 0."""
        seconds = max(0.0, seconds)
        size, place = len(self.bounds) + 1, bisect_left(self.bounds, seconds)
        counts, examples = list(self.counts or (0,) * size), list(self.examples or (None,) * size)
        counts[place] += 1
        examples[place] = (seconds, revision) if revision else examples[place]
        return Histogram(self.bounds, tuple(counts), self.total + seconds, tuple(examples))
