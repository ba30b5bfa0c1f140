"""What the daemon itself asks of running services, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.models.recipe import HealthProbe


@dataclass(frozen=True, slots=True)
class Probing:
    """One instance that is to be probed from here. `key` is its own on the target: workload id and instance.

    `endpoints` maps port names to host:port. `since` is when it started to run, for the start-up grace.
    """

    key: str
    service: str
    probe: HealthProbe
    endpoints: Mapping[str, str]
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Probed:
    """What the probes of one instance have come to. `up` is None until the thresholds or the start-up grace decide.

    `since` is when `up` last changed, `at` when the last probe ended, `seconds` how long that took; `why` says in words
    what was wrong with it ("" when nothing was).
    """

    up: bool | None
    since: datetime
    at: datetime
    seconds: float = 0.0
    why: str = ""
