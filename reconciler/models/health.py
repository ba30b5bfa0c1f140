"""The ordered health of a replica, a service or a target."""

from __future__ import annotations

from enum import Enum


class Health(Enum):
    """How well something is. The order of definition is the order of concern: the last is the worst."""

    HEALTHY = "Healthy"
    SUSPENDED = "Suspended"
    PROGRESSING = "Progressing"
    PENDING = "Pending"
    UNKNOWN = "Unknown"
    DEGRADED = "Degraded"
    FAILED = "Failed"

    @property
    def rank(self) -> int:
        """The position in the order of concern; 0 is Healthy."""
        return _RANKS[self]


_RANKS = {health: rank for rank, health in enumerate(Health)}
