"""The families that have series for each service. Written for 10,000 services and more."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum

from reconciler.board import DRIFT_EVENTS, RESTART_REASONS, Tallies
from reconciler.metrics import families as all_of
from reconciler.metrics.exposition import Family, Form, label
from reconciler.models.health import Health
from reconciler.models.labels import metric_labels
from reconciler.models.status import ServiceStatus, State, Status

#: A line of the table, and its service and target as labels. Other labels come before these, by their names; only
#: that of the state comes between them.
_Row = tuple[ServiceStatus, str]
_Number = Callable[[ServiceStatus], float | None]

_NUMBERS: tuple[tuple[Family, _Number], ...] = (
    (all_of.REPLICAS, lambda one: one.replicas),
    (all_of.READY, lambda one: one.ready),
    (all_of.FROZEN, lambda one: bool(one.frozen)),
    (all_of.SINCE, lambda one: one.since.timestamp()),
    (all_of.EXPECTED, lambda one: one.expected.timestamp() if one.expected else None),
    (all_of.ATTEMPT, lambda one: one.attempt),
    (all_of.DRIFT_NOW, lambda one: len(one.drift)),
    (all_of.GENERATION, lambda one: one.generation),
    (all_of.LOOPING, lambda one: one.looping),
    (all_of.UNHEALTHY, lambda one: one.unhealthy.timestamp() if one.unhealthy else None),
)
_ENDPOINT = f'{all_of.ENDPOINT.name}{{instance="'


def _parts(family: Family, name: str, words: Iterable[str], one: str = "") -> tuple[str, ...]:
    """The text around service and target in a line for each word; all are 0, but that of `one` is 1.

    `pair.join(parts)` writes all lines of a service at once, which is several times faster than a line at a time.
    """
    starts = [f'{family.name}{{{name}="{word}",' for word in words]
    ends = [f"}} {float(word == one)}\n" for word in words]
    between = (end + start for end, start in zip(ends, starts[1:], strict=False))
    return (starts[0], *between, ends[-1])


def _one_hot(family: Family, values: type[Enum], name: str) -> dict[Enum, tuple[str, ...]]:
    words = [value.value for value in values]
    return {value: _parts(family, name, words, value.value) for value in values}


_STATES = {
    state: "".join(
        f'{all_of.STATE.name}{{service="%s",state="{other.value}",target="%s"}} {float(other is state)}\n'
        for other in State
    )
    for state in State
}
_HEALTHS = _one_hot(all_of.HEALTH, Health, "health")


def service_text(status: Status, tallies: Tallies, now: datetime, form: Form) -> Iterator[str]:
    """Each family, in a fixed order. `now` is an aware time."""
    rows = [(one, f'service="{label(one.service)}",target="{label(one.target)}"') for one in status.services]
    yield all_of.STATE.write(form, (_STATES[one.state] % names for one, names in _named(status)))
    yield all_of.HEALTH.write(form, (pair.join(_HEALTHS[one.health]) for one, pair in rows))
    for family, number in _NUMBERS:
        yield family.write(form, _numbers(family, rows, number))
    yield all_of.REMAINING.write(form, _numbers(all_of.REMAINING, rows, lambda one: _remaining(one, now)))
    yield from _infos(status, rows, form)
    yield from _counters(tallies, rows, form)


def _named(status: Status) -> Iterator[tuple[ServiceStatus, tuple[str, ...]]]:
    return ((one, (label(one.service), label(one.target)) * len(State)) for one in status.services)


def _numbers(family: Family, rows: Iterable[_Row], number: _Number) -> Iterator[str]:
    head = family.name
    for one, pair in rows:
        value = number(one)
        if value is not None:
            yield f"{head}{{{pair}}} {float(value)}\n"


def _remaining(one: ServiceStatus, now: datetime) -> float | None:
    return (one.deadline - now).total_seconds() if one.deadline else None


def _infos(status: Status, rows: list[_Row], form: Form) -> Iterator[str]:
    kinds = {name: target.kind for name, target in status.targets.items()}
    yield all_of.INFO.write(
        form,
        (
            f'{all_of.INFO.name}{{platform="{kinds.get(one.target, "")}",recipe="{label(one.recipe)}",'
            f'revision="{label(one.revision)}",{pair}}} 1.0\n'
            for one, pair in rows
        ),
    )
    named = ((pair, _labels(one.labels)) for one, pair in rows if one.labels)
    yield all_of.LABELS.write(form, (f"{all_of.LABELS.name}{{{more}{pair}}} 1.0\n" for pair, more in named))
    for family, words in _WORDS:
        name = _own(family)
        lines = (f'{family.name}{{{name}="{word}",{pair}}} 1.0\n' for one, pair in rows for word in words(one))
        yield family.write(form, lines)
    yield all_of.ENDPOINT.write(form, (line for one, pair in rows if one.serving for line in _endpoints(one, pair)))


def _labels(labels: Mapping[str, str]) -> str:
    """Before the service and its target, as /sd has them, too."""
    return "".join(f'{name}="{label(value)}",' for name, value in sorted(metric_labels(labels).items()))


def _managers(one: ServiceStatus) -> list[str]:
    return sorted({label(fight.drift.manager) for fight in one.fights})[: all_of.MOST_MANAGERS]


_WORDS: tuple[tuple[Family, Callable[[ServiceStatus], Sequence[str]]], ...] = (
    (all_of.PENDING, lambda one: [one.pending.value] if one.pending else ()),
    (all_of.ENDED, lambda one: [one.ended.value] if one.ended else ()),
    (all_of.FIGHT, _managers),
)


def _endpoints(one: ServiceStatus, pair: str) -> Iterator[str]:
    start = _ENDPOINT
    known = {(serving.instance.name, serving.replica): serving for serving in one.serving[: all_of.MOST_INSTANCES]}
    for serving in known.values() if len(known) > 1 else one.serving[:1]:
        name, up = label(serving.instance.name), "1.0" if serving.up else "0.0"
        yield f'{start}{name}",replica="{serving.replica}",{pair}}} {up}\n'


def _counters(tallies: Tallies, rows: list[_Row], form: Form) -> Iterator[str]:
    """Those that are wanted to grow start at 0, so that the first one counts where a rate is asked for."""
    placed = [(one, pair) for one, pair in rows if one.target]
    shares = tallies.availability()
    yield all_of.AVAILABILITY.write(
        form, _numbers(all_of.AVAILABILITY, rows, lambda one: shares.get((one.target, one.service)))
    )
    yield all_of.RENEWALS.write(
        form, _numbers(all_of.RENEWALS, placed, lambda one: tallies.renewals.get((one.target, one.service), 0))
    )
    yield all_of.RESTARTS.write(form, _filled(all_of.RESTARTS, RESTART_REASONS, placed, tallies.restarts))
    yield all_of.DRIFT.write(form, _filled(all_of.DRIFT, DRIFT_EVENTS, placed, tallies.drift))
    ends = (((service, target, cause), count) for (target, service, cause), count in sorted(tallies.ends.items()))
    yield all_of.ENDS.gauges(form, ends)


def _own(family: Family) -> str:
    """The one label that is not the service or its target."""
    return next(name for name in family.labels if name not in ("service", "target"))


def _by_service(counts: Mapping[tuple[str, str, str], int]) -> Mapping[tuple[str, str], Counter[str]]:
    found: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for (target, service, word), count in counts.items():
        found[target, service][word] += count
    return found


def _filled(
    family: Family, words: Sequence[str], rows: Iterable[_Row], counts: Mapping[tuple[str, str, str], int]
) -> Iterator[str]:
    """A line for each word of each service; the words are values of the family's own label."""
    name, known = _own(family), _by_service(counts)
    zeros = _parts(family, name, words)
    for one, pair in rows:
        found = known.get((one.target, one.service))
        if found is None:
            yield pair.join(zeros)
        else:
            yield from (f'{family.name}{{{name}="{word}",{pair}}} {float(found[word])}\n' for word in words)
