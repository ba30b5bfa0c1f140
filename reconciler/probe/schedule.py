"""When an instance is probed: on a grid of its own, so that probes are spread evenly and stay so. Pure."""

from __future__ import annotations

import math
from hashlib import blake2b

from reconciler.models.recipe import HealthProbe

#: Seconds: no faster while it starts, and no longer until the first probe of one whose state is not known.
_FASTEST = 1.0
_FIRST = 30.0
#: While it starts it is probed ten times in the time that has passed: a start is seen with a tenth of delay.
_SHARE = 10


def phase(key: str) -> float:
    """Where in its interval an instance is probed, 0 to 1; the same for the same key."""
    return int.from_bytes(blake2b(key.encode(), digest_size=6).digest(), "big") / 2**48


def step(probe: HealthProbe, up: bool | None, age: float) -> float:  # noqa: FBT001 - a verdict, not a switch
    """Seconds between two probes of one that is `up` and began to run `age` seconds ago."""
    interval = probe.interval.total_seconds()
    if up is not None:
        return interval
    if age < probe.startup.total_seconds():
        return min(interval, max(_FASTEST, age / _SHARE))
    return min(interval, _FIRST)


def due(now: float, phase: float, step: float) -> float:
    """The next time after `now` on the grid of that phase and step, all in seconds."""
    offset = phase * step
    when = (math.floor((now - offset) / step) + 1) * step + offset
    return when if when > now else when + step
