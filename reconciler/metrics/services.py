"""The families that have a series for each service. Written for 10,000 services and more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from enum import Enum

from reconciler.board import Tallies
from reconciler.metrics.exposition import Family, label
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, State, Status
from reconciler.models.workload import PendingClass

_Row = tuple[ServiceStatus, str, str]

_STATE = Family("reconciler_service_state", "gauge", "1 for the state that the service is in.")
_HEALTH = Family("reconciler_service_health", "gauge", "1 for the health that the service has.")
_REVISION = Family(
    "reconciler_service_revision_info", "gauge", "The commit that what runs was deployed from, and the recipe."
)
_PENDING = Family(
    "reconciler_service_pending",
    "gauge",
    "1 for what a replica waits for, of which nothing runs: waiting (passes by itself), reserved (until the site is"
    " open), held (by somebody's hand), blocked (for ever). No series where nothing is pending.",
)
_ENDED = Family("reconciler_service_last_end_info", "gauge", "Why the last workload of the service ended.")
_ENDS = Family(
    "reconciler_workload_ends_total", "counter", "Workloads that ended since the start of the daemon, by cause."
)
_DRIFT = Family(
    "reconciler_drift_total", "counter", "Fields changed by hand since the start of the daemon: found, and repaired."
)
_FIGHT = Family(
    "reconciler_service_fight",
    "gauge",
    "1 for each manager that undoes repairs of the service again and again; no series where nobody does.",
)
_TARGET_PENDING = Family("reconciler_target_pending", "gauge", "Services that are pending on the target, by class.")

_Number = Callable[[ServiceStatus], float | None]
_NUMBERS: tuple[tuple[Family, _Number], ...] = (
    (Family("reconciler_service_replicas", "gauge", "Replicas that are wanted."), lambda one: one.replicas),
    (Family("reconciler_service_replicas_ready", "gauge", "Replicas that are healthy."), lambda one: one.ready),
    (
        Family("reconciler_service_frozen", "gauge", "1: its file is bad, an older version is in force."),
        lambda one: bool(one.frozen),
    ),
    (
        Family("reconciler_service_state_since_seconds", "gauge", "When it entered its state, since the epoch."),
        lambda one: one.since.timestamp(),
    ),
    (
        Family(
            "reconciler_service_expected_start_seconds",
            "gauge",
            "When the platform expects the start of the replica that is furthest behind, since the epoch; no series"
            " where it does not say.",
        ),
        lambda one: one.expected.timestamp() if one.expected else None,
    ),
    (
        Family("reconciler_service_attempt", "gauge", "Failed starts in a row of what is not healthy yet."),
        lambda one: one.attempt,
    ),
    (
        Family("reconciler_service_drift", "gauge", "Fields that were changed by hand and are not repaired."),
        lambda one: len(one.drift),
    ),
    (
        Family("reconciler_service_generation", "gauge", "Hand-overs to a successor, of the replica with the most."),
        lambda one: one.generation,
    ),
)
_REMAINING = Family(
    "reconciler_service_walltime_remaining_seconds",
    "gauge",
    "Seconds until the first time limit of a healthy replica; no series where there is none.",
)


def _one_hot(family: Family, values: type[Enum], name: str) -> dict[Enum, str]:
    """For each value a text with a line for every value of which only its own is 1; to be filled with service, target.

    One `%` for all lines of a service is several times faster than a line at a time.
    """
    return {
        value: "".join(
            f'{family.name}{{service="%s",{name}="{other.value}",target="%s"}} {float(other is value)}\n'
            for other in values
        )
        for value in values
    }


_STATES = _one_hot(_STATE, State, "state")
_HEALTHS = _one_hot(_HEALTH, Health, "health")


def service_text(status: Status, tallies: Tallies, now: datetime) -> Iterator[str]:
    """All families, in a fixed order. `now` is an aware time."""
    rows = [(one, label(one.service), label(one.target)) for one in status.services]
    yield from _STATE.write(_STATES[one.state] % ((name, target) * len(State)) for one, name, target in rows)
    yield from _HEALTH.write(_HEALTHS[one.health] % ((name, target) * len(Health)) for one, name, target in rows)
    for family, number in _NUMBERS:
        yield from family.write(_numbers(family, rows, number))
    yield from _REMAINING.write(_numbers(_REMAINING, rows, lambda one: _remaining(one, now)))
    yield from _infos(rows)
    yield from _TARGET_PENDING.write(_by_class(status))
    yield from _ENDS.write(
        f'{_ENDS.name}{{cause="{label(cause)}",service="{label(service)}",target="{label(target)}"}} {float(count)}\n'
        for (target, service, cause), count in sorted(tallies.ends.items())
    )
    yield from _DRIFT.write(
        f'{_DRIFT.name}{{event="{event}",service="{label(service)}",target="{label(target)}"}} {float(count)}\n'
        for (target, service, event), count in sorted(tallies.drift.items())
    )


def _numbers(family: Family, rows: Iterable[_Row], number: _Number) -> Iterator[str]:
    head = family.name
    for one, name, target in rows:
        value = number(one)
        if value is not None:
            yield f'{head}{{service="{name}",target="{target}"}} {float(value)}\n'


def _infos(rows: list[_Row]) -> Iterator[str]:
    yield from _REVISION.write(
        f'{_REVISION.name}{{recipe="{label(one.recipe)}",revision="{label(one.revision)}",service="{name}",'
        f'target="{target}"}} 1.0\n'
        for one, name, target in rows
    )
    yield from _PENDING.write(
        f'{_PENDING.name}{{class="{one.pending.value}",service="{name}",target="{target}"}} 1.0\n'
        for one, name, target in rows
        if one.pending
    )
    yield from _ENDED.write(
        f'{_ENDED.name}{{cause="{one.ended.value}",service="{name}",target="{target}"}} 1.0\n'
        for one, name, target in rows
        if one.ended
    )
    yield from _FIGHT.write(
        f'{_FIGHT.name}{{manager="{label(manager)}",service="{name}",target="{target}"}} 1.0\n'
        for one, name, target in rows
        for manager in sorted({fight.drift.manager for fight in one.fights})
    )


def _by_class(status: Status) -> Iterator[str]:
    counts = Counter((one.target, one.pending) for one in status.services if one.pending)
    for target in status.targets:
        for kind in PendingClass:
            count = float(counts[target, kind])
            yield f'{_TARGET_PENDING.name}{{class="{kind.value}",target="{label(target)}"}} {count}\n'


def _remaining(one: ServiceStatus, now: datetime) -> float | None:
    return (one.deadline - now).total_seconds() if one.deadline else None
