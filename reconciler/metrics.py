"""Prometheus metrics, made from the board at scrape time: what is no longer there vanishes by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from reconciler.board import BUCKETS, Board
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, State, Status


def registry_for(board: Board, clock: Callable[[], datetime]) -> CollectorRegistry:
    """A registry that reads `board` at every scrape; `clock` gives an aware time, for ages."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(BoardCollector(board, clock))
    ProcessCollector(registry=registry)
    return registry


class BoardCollector(Collector):
    """Turns the board into metric families."""

    def __init__(self, board: Board, clock: Callable[[], datetime]) -> None:
        self._board = board
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """All families, in a fixed order."""
        status = self._board.status()
        yield from _services(status.services)
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


def _services(services: Iterable[ServiceStatus]) -> Iterator[Metric]:
    services = tuple(services)
    state = GaugeMetricFamily(
        "reconciler_service_state", "1 for the state that the service is in.", labels=["service", "target", "state"]
    )
    health = GaugeMetricFamily(
        "reconciler_service_health", "1 for the health that the service has.", labels=["service", "target", "health"]
    )
    numbers = {
        "replicas": GaugeMetricFamily("reconciler_service_replicas", "Wanted.", labels=["service", "target"]),
        "ready": GaugeMetricFamily("reconciler_service_replicas_ready", "Healthy.", labels=["service", "target"]),
        "frozen": GaugeMetricFamily(
            "reconciler_service_frozen",
            "1: its file is bad, an older version is in force.",
            labels=["service", "target"],
        ),
        "since": GaugeMetricFamily(
            "reconciler_service_state_since_seconds", "When it entered its state.", labels=["service", "target"]
        ),
    }
    revision = GaugeMetricFamily(
        "reconciler_service_revision_info",
        "The commit that what runs was deployed from.",
        labels=["service", "target", "recipe", "revision"],
    )
    for one in services:
        labels = [one.service, one.target]
        for known_state in State:
            state.add_metric([*labels, known_state.value], one.state is known_state)
        for known_health in Health:
            health.add_metric([*labels, known_health.value], one.health is known_health)
        numbers["replicas"].add_metric(labels, one.replicas)
        numbers["ready"].add_metric(labels, one.ready)
        numbers["frozen"].add_metric(labels, bool(one.frozen))
        numbers["since"].add_metric(labels, one.since.timestamp())
        revision.add_metric([*labels, one.recipe, one.revision], 1)
    yield from (state, health, *numbers.values(), revision)


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
    for name, target in status.targets.items():
        reachable.add_metric([name, target.kind], target.reachable)
        if target.looked is not None:
            age.add_metric([name], (now - target.looked).total_seconds())
        if target.revision:
            applied.add_metric([name, target.revision], 1)
    yield from (reachable, age, applied)


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


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)  # noqa: TID251 - the clock's own door, handed on as a function
