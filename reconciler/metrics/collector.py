"""The families of targets, of the repository and of the daemon itself: few series, by the client library."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from reconciler.board import BUCKETS, Board
from reconciler.models.status import Status


class BoardCollector(Collector):
    """Turns the board into metric families."""

    def __init__(self, board: Board, clock: Callable[[], datetime]) -> None:
        self._board = board
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """All families, in a fixed order."""
        status = self._board.status()
        yield from _targets(status, self._clock())
        yield from _source(status)
        yield from self._counters()

    def _counters(self) -> Iterator[Metric]:
        tallies = self._board.tallies()
        actions = CounterMetricFamily(
            "reconciler_actions", "Actions on targets by kind and result.", labels=["target", "action", "result"]
        )
        for labels, count in sorted(tallies.actions.items()):
            actions.add_metric(labels, count)
        yield actions
        turns = HistogramMetricFamily("reconciler_turn_duration_seconds", "Length of a turn.", labels=["target"])
        for target, tally in sorted(tallies.turns.items()):
            counts = [(str(bound), count) for bound, count in zip(BUCKETS, tally.buckets, strict=True)]
            turns.add_metric([target], [*counts, ("+Inf", tally.count)], tally.seconds)
        yield turns
        failures = CounterMetricFamily("reconciler_source_failures", "Times that the repository could not be read.")
        failures.add_metric([], tallies.source_failures)
        yield failures


def _targets(status: Status, now: datetime) -> Iterator[Metric]:
    reachable = GaugeMetricFamily(
        "reconciler_target_reachable", "1: the last look was complete.", labels=["target", "kind"]
    )
    age = GaugeMetricFamily("reconciler_look_age_seconds", "Age of the last complete look.", labels=["target"])
    applied = GaugeMetricFamily(
        "reconciler_target_revision_info",
        "The commit of the last turn that failed nowhere.",
        labels=["target", "revision"],
    )
    gaps = GaugeMetricFamily(
        "reconciler_target_gaps",
        "Kinds of objects, each in one namespace, that cannot be looked at.",
        labels=["target"],
    )
    for name, target in status.targets.items():
        gaps.add_metric([name], len(target.gaps))
        reachable.add_metric([name, target.kind], target.reachable)
        if target.looked is not None:
            age.add_metric([name], (now - target.looked).total_seconds())
        if target.revision:
            applied.add_metric([name, target.revision], 1)
    yield from (reachable, age, applied, gaps)


def _source(status: Status) -> Iterator[Metric]:
    up = GaugeMetricFamily("reconciler_source_up", "1: the repository could be read at the last try.")
    up.add_metric([], not status.source.error and status.source.revision is not None)
    errors = GaugeMetricFamily("reconciler_source_errors", "What is wrong in the files of the revision in force.")
    errors.add_metric([], len(status.source.complaints))
    frozen = GaugeMetricFamily("reconciler_frozen_services", "Services that run from an older version of their file.")
    frozen.add_metric([], sum(bool(one.frozen) for one in status.services))
    yield from (up, errors, frozen)
    revision = status.source.revision
    if revision is not None:
        head = GaugeMetricFamily("reconciler_source_revision_info", "The revision in force.", labels=["revision"])
        head.add_metric([revision.short], 1)
        time = GaugeMetricFamily("reconciler_source_revision_time_seconds", "When it was committed.")
        time.add_metric([], revision.time.timestamp())
        yield from (head, time)
