"""What the pages were asked for, since the daemon's start: requests, streams, proposals, and what was denied."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from reconciler.board.histogram import BUCKETS, Histogram

#: What a proposal can ask for, and what can come of it.
VERBS = ("start", "update", "stop", "restart", "suspend", "resume")
OUTCOMES = (
    "committed",
    "unchanged",
    "replayed",
    "invalid",
    "forbidden",
    "conflict",
    "rejected",
    "unavailable",
)
#: What is streamed.
STREAMS = ("events", "logs", "wait")
#: So many different ones of each kind are counted at most; a word that comes later counts as OTHER.
MOST_REQUESTS, MOST_DENIALS = 400, 20
OTHER = "other"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_own = partial(Histogram, BUCKETS)


@dataclass(frozen=True, slots=True)
class Visits:
    """As it stood at one moment. `requests` is keyed by (route, method, code), `answers` by (route, method).

    `proposals` is keyed by (verb, result), `proposing` by verb, `denied` by reason, `watchers` by what is streamed.
    """

    requests: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    answers: Mapping[tuple[str, str], Histogram] = field(default_factory=dict)
    proposals: Mapping[tuple[str, str], int] = field(default_factory=dict)
    proposing: Mapping[str, Histogram] = field(default_factory=dict)
    denied: Mapping[str, int] = field(default_factory=dict)
    watchers: Mapping[str, int] = field(default_factory=dict)


class Visitors:
    """Counts. It has a lock of its own: no request waits for a turn that posts, and no turn for a request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._answers: defaultdict[tuple[str, str], Histogram] = defaultdict(_own)
        self._proposals: Counter[tuple[str, str]] = Counter()
        self._proposing: defaultdict[str, Histogram] = defaultdict(_own)
        self._denied: Counter[str] = Counter()
        self._watchers: Counter[str] = Counter()

    def request(self, route: str, method: str, code: int, seconds: float) -> None:
        """One answered request. `route` is its template (`/services/{name}`), never the path itself."""
        method = method if method in _METHODS else OTHER
        with self._lock:
            key = (route, method, str(code))
            if key not in self._requests and len(self._requests) >= MOST_REQUESTS:
                key = (OTHER, OTHER, str(code // 100 * 100))
            self._requests[key] += 1
            self._answers[key[:2]] = self._answers[key[:2]].add(seconds)

    def proposal(self, verb: str, result: str, seconds: float) -> None:
        """One proposal, carried out or not. Words that are none of ours count as OTHER."""
        verb, result = _one_of(verb, VERBS), _one_of(result, OUTCOMES)
        with self._lock:
            self._proposals[verb, result] += 1
            self._proposing[verb] = self._proposing[verb].add(seconds)

    def denial(self, reason: str) -> None:
        """One request that was not let in."""
        with self._lock:
            known = reason in self._denied or len(self._denied) < MOST_DENIALS
            self._denied[reason if known else OTHER] += 1

    @contextmanager
    def watching(self, stream: str) -> Iterator[None]:
        """Counts one watcher of a stream (`events`, `logs`, `wait`) while it is open."""
        self._watch(stream, 1)
        try:
            yield
        finally:
            self._watch(stream, -1)

    def read(self) -> Visits:
        """As it stands."""
        with self._lock:
            return Visits(
                dict(self._requests),
                dict(self._answers),
                dict(self._proposals),
                dict(self._proposing),
                dict(self._denied),
                dict(self._watchers),
            )

    def _watch(self, stream: str, number: int) -> None:
        with self._lock:
            self._watchers[stream] += number


def _one_of(word: str, words: tuple[str, ...]) -> str:
    return word if word in words else OTHER
