"""Counters as frozen values: a reading is a copy of references."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from reconciler.board.histogram import BUCKETS, Histogram
from reconciler.board.uptime import Uptimes
from reconciler.board.visits import Visits

#: Upper bounds of buckets for the time from running to healthy: a small server has it in a second, a large model in
#: half an hour.
START_BUCKETS = (1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0)
#: The same for the time in a queue: up to a week.
WAIT_BUCKETS = (1.0, 10.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 43200.0, 86400.0, 259200.0, 604800.0)

#: Why a replica is restarted; any other word counts as the last one.
RESTART_REASONS = ("unhealthy", "failed", "requested", "changed", "node", "preempted", "time-limit", "other")
#: What becomes of a field that was changed by hand.
DRIFT_EVENTS = ("found", "repaired")
#: What is done on a target, and what comes of it. These are counted from 0 on.
ACTIONS = ("deploy", "replace", "restart", "renew", "amend", "repair", "cancel")
RESULTS = ("ok", "waiting", "failed")


@dataclass(frozen=True, slots=True)
class Tallies:
    """Counters since the daemon's start, as they stood at one moment.

    `actions` is keyed by (target, action, result), and so is `latest`: the commit in force at the last one. `took` is
    keyed by (target, action), `turns`, `probes` and `waits` by target, `starts` by (target, recipe). Of services that
    are in the table, by (target, service, …): `ends` with the cause, `drift` with "found" or "repaired", `restarts`
    with the reason, and `renewals`. `uptimes` is by target; `unseen` are those that had no turn yet, with their kinds.
    `visits` is what the pages were asked for.
    """

    actions: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    latest: Mapping[tuple[str, str, str], str] = field(default_factory=dict)
    took: Mapping[tuple[str, str], Histogram] = field(default_factory=dict)
    turns: Mapping[str, Histogram] = field(default_factory=dict)
    probes: Mapping[str, Histogram] = field(default_factory=dict)
    starts: Mapping[tuple[str, str], Histogram] = field(default_factory=dict)
    waits: Mapping[str, Histogram] = field(default_factory=dict)
    fetches: Histogram = field(default_factory=partial(Histogram, BUCKETS))
    source_failures: int = 0
    ends: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    drift: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    restarts: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    renewals: Mapping[tuple[str, str], int] = field(default_factory=dict)
    uptimes: Mapping[str, Uptimes] = field(default_factory=dict)
    unseen: Mapping[str, str] = field(default_factory=dict)
    visits: Visits = field(default_factory=Visits)

    def availability(self) -> dict[tuple[str, str], float]:
        """The share of its time in which a service was healthy, from 0 to 1, by (target, service)."""
        return {(target, name): share for target, known in self.uptimes.items() for name, share in known.shares()}
