"""What is counted, by whoever does it. Safe for many threads."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager

from reconciler.board.ledger import Ledger
from reconciler.board.visits import Visitors
from reconciler.models.status import SourceStatus


class Counters:
    """The counting side of the board."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._source = SourceStatus()
        self._ledger = Ledger()
        self._visitors = Visitors()

    def count_end(self, target: str, service: str, cause: str) -> None:
        """Count one workload that ended, by its cause."""
        with self._lock:
            self._ledger.ends[target, service, cause] += 1

    def count_drift(self, target: str, service: str, event: str) -> None:
        """Count one field that was changed by hand: `event` is found or repaired."""
        with self._lock:
            self._ledger.drift[target, service, event] += 1

    def count_restart(self, target: str, service: str, reason: str) -> None:
        """Count one restart of a replica, by its reason: one of `RESTART_REASONS`, any other word is "other"."""
        with self._lock:
            self._ledger.restart(target, service, reason)

    def count_renewal(self, target: str, service: str) -> None:
        """Count one successor that was submitted because of a time limit."""
        with self._lock:
            self._ledger.renewals[target, service] += 1

    def count_probe(self, target: str, seconds: float) -> None:
        """Count one probe that the daemon itself made, whatever came of it."""
        with self._lock:
            self._ledger.probes[target] = self._ledger.probes[target].add(seconds, self._revision())

    def count_fetch(self, seconds: float) -> None:
        """Count one reading of the repository, whatever came of it."""
        with self._lock:
            self._ledger.fetches = self._ledger.fetches.add(seconds, self._revision())

    def count_proposal(self, verb: str, result: str, seconds: float) -> None:
        """Count one proposal: `verb` is one of VERBS, `result` one of OUTCOMES."""
        self._visitors.proposal(verb, result, seconds)

    def count_request(self, route: str, method: str, code: int, seconds: float) -> None:
        """Count one request that was answered; `route` is its template (`/services/{name}`), never the path itself."""
        self._visitors.request(route, method, code, seconds)

    def count_denial(self, reason: str) -> None:
        """Count one request that was not let in, by a reason in one word."""
        self._visitors.denial(reason)

    def watching(self, stream: str) -> AbstractContextManager[None]:
        """Counts one who follows a stream (`events`, `logs`, `wait`), as long as the context is open."""
        return self._visitors.watching(stream)

    def count_action(self, target: str, action: str, result: str, seconds: float = 0.0) -> None:
        """Count one action, by its kind and its result; it took `seconds`."""
        with self._lock:
            self._ledger.act(target, action, result, seconds, self._revision())

    def count_turn(self, target: str, seconds: float) -> None:
        """Count one turn."""
        with self._lock:
            self._ledger.turns[target] = self._ledger.turns[target].add(seconds, self._revision())

    def _revision(self) -> str:
        return self._source.revision.short if self._source.revision else ""
