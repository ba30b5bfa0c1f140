"""What is counted since the daemon's start, while it is being counted; to be guarded by its owner."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from reconciler.board.histogram import BUCKETS, Histogram
from reconciler.board.starts import Span
from reconciler.board.tallies import RESTART_REASONS, START_BUCKETS, WAIT_BUCKETS, Tallies
from reconciler.board.uptime import Uptimes
from reconciler.board.visits import Visits

_Key = tuple[str, str, str]
_K = TypeVar("_K", bound=tuple[str, ...])
_V = TypeVar("_V")
_own = partial(Histogram, BUCKETS)


@dataclass
class Ledger:
    """Keyed as Tallies is."""

    actions: Counter[_Key] = field(default_factory=Counter)
    latest: dict[_Key, str] = field(default_factory=dict)
    took: defaultdict[tuple[str, str], Histogram] = field(default_factory=lambda: defaultdict(_own))
    turns: defaultdict[str, Histogram] = field(default_factory=lambda: defaultdict(_own))
    probes: defaultdict[str, Histogram] = field(default_factory=lambda: defaultdict(_own))
    fetches: Histogram = field(default_factory=_own)
    starts: dict[tuple[str, str], Histogram] = field(default_factory=dict)
    waits: defaultdict[str, Histogram] = field(default_factory=lambda: defaultdict(partial(Histogram, WAIT_BUCKETS)))
    source_failures: int = 0
    ends: Counter[_Key] = field(default_factory=Counter)
    drift: Counter[_Key] = field(default_factory=Counter)
    restarts: Counter[_Key] = field(default_factory=Counter)
    renewals: Counter[tuple[str, str]] = field(default_factory=Counter)

    def act(self, target: str, action: str, result: str, seconds: float, revision: str) -> None:
        """One action."""
        self.actions[target, action, result] += 1
        self.latest[target, action, result] = revision
        self.took[target, action] = self.took[target, action].add(seconds, revision)

    def restart(self, target: str, service: str, reason: str) -> None:
        """One restart; the last of RESTART_REASONS stands for every other word."""
        self.restarts[target, service, reason if reason in RESTART_REASONS else RESTART_REASONS[-1]] += 1

    def start(self, target: str, recipe: str, span: Span) -> None:
        """One wait in a queue, or one start."""
        if span.is_start:
            known = self.starts.get((target, recipe)) or Histogram(START_BUCKETS)
            self.starts[target, recipe] = known.add(span.seconds, span.revision)
        else:
            self.waits[target] = self.waits[target].add(span.seconds, span.revision)

    def retain(self, target: str, services: Collection[str]) -> None:
        """Forget what is counted of services of a target that are none any more."""
        for triples in (self.ends, self.drift, self.restarts):
            _retain(triples, target, services)
        _retain(self.renewals, target, services)

    def retain_recipes(self, target: str, recipes: Collection[str]) -> None:
        """Forget the starts of recipes that nothing on a target is made from any more."""
        _retain(self.starts, target, recipes)

    def read(self, uptimes: Mapping[str, Uptimes], unseen: Mapping[str, str], visits: Visits) -> Tallies:
        """As it stands, with what else there is: copies of references, so that its owner is not kept waiting."""
        return Tallies(
            dict(self.actions),
            dict(self.latest),
            dict(self.took),
            dict(self.turns),
            dict(self.probes),
            dict(self.starts),
            dict(self.waits),
            self.fetches,
            self.source_failures,
            dict(self.ends),
            dict(self.drift),
            dict(self.restarts),
            dict(self.renewals),
            uptimes,
            unseen,
            visits,
        )


def _retain(counts: dict[_K, _V], target: str, names: Collection[str]) -> None:
    gone = [key for key in counts if key[0] == target and key[1] not in names]
    for key in gone:
        del counts[key]
