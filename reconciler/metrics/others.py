"""The families of targets, of the repository and of the daemon itself: few series."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import chain, product
from typing import TypeVar

import reconciler
from reconciler.board import ACTIONS, RESULTS, Tallies
from reconciler.metrics import families as all_of
from reconciler.metrics.exposition import Form
from reconciler.metrics.visits import visits_text
from reconciler.models.status import State, Status
from reconciler.models.workload import PendingClass, Phase

_PHASES = (Phase.PENDING, Phase.RUNNING, Phase.STOPPING)
_K = TypeVar("_K", bound=tuple[str, ...])
_V = TypeVar("_V")


def other_text(status: Status, tallies: Tallies, now: datetime, form: Form) -> Iterator[str]:
    """Each family, in a fixed order. `now` is an aware time."""
    yield from _targets(status, tallies, now, form)
    yield from _work(status, form)
    yield from _source(status, form)
    yield from _counters(status, tallies, form)


def _targets(status: Status, tallies: Tallies, now: datetime, form: Form) -> Iterator[str]:
    targets = status.targets
    ups = (((name, one.kind), one.reachable) for name, one in targets.items())
    unseen = (((name, kind), False) for name, kind in sorted(tallies.unseen.items()))
    yield all_of.UP.gauges(form, chain(ups, unseen))
    looked = ((name, one.looked) for name, one in targets.items())
    yield all_of.AGE.gauges(form, (((name,), (now - at).total_seconds()) for name, at in looked if at))
    yield all_of.APPLIED.gauges(form, (((name, one.revision), 1) for name, one in targets.items() if one.revision))
    yield all_of.GAPS.gauges(form, (((name,), len(one.gaps)) for name, one in targets.items()))
    yield all_of.LEADS.gauges(form, (((name,), one.leads) for name, one in targets.items()))
    yield all_of.HELD_RESTARTS.gauges(form, (((name,), bool(one.restarts_held)) for name, one in targets.items()))


def _work(status: Status, form: Form) -> Iterator[str]:
    """What of ours is on the targets."""
    counts = Counter((one.target, one.pending) for one in status.services if one.pending)
    yield all_of.CLASSES.gauges(
        form, (((name, kind.value), counts[name, kind]) for name in status.targets for kind in PendingClass)
    )
    yield all_of.JOBS.gauges(
        form,
        (((name, kind.value), one.jobs.get(kind, 0)) for name, one in status.targets.items() for kind in _PHASES),
    )
    yield all_of.GPUS.gauges(
        form,
        (
            ((name, use), count)
            for name, one in status.targets.items()
            for use, count in zip(("used", "requested"), one.gpus, strict=True)
        ),
    )


def _source(status: Status, form: Form) -> Iterator[str]:
    source, revision = status.source, status.source.revision
    yield all_of.SOURCE_UP.gauges(form, [((), not source.error and revision is not None)])
    yield all_of.ERRORS.gauges(form, [((), len(source.complaints))])
    yield all_of.FROZEN_SERVICES.gauges(form, [((), sum(bool(one.frozen) for one in status.services))])
    # What is not wanted has no recipe in the table; it is being removed, or its removal is held.
    held = sum(one.state is State.HELD and not one.recipe and bool(one.target) for one in status.services)
    yield all_of.HELD_REMOVALS.gauges(form, [((), held)])
    if revision is not None:
        yield all_of.REVISION.gauges(form, [((revision.short,), 1)])
        yield all_of.COMMITTED.gauges(form, [((), revision.time.timestamp())])
    if source.fetched is not None:
        yield all_of.FETCHED.gauges(form, [((), source.fetched.timestamp())])
    if source.verified is not None:
        yield all_of.VERIFIED.gauges(form, [((), source.verified)])


def _counters(status: Status, tallies: Tallies, form: Form) -> Iterator[str]:
    yield all_of.FAILURES.gauges(form, [((), tallies.source_failures)])
    yield all_of.FETCHES.histograms(form, [((), tallies.fetches)])
    yield all_of.STARTS.histograms(form, sorted(tallies.starts.items(), key=_key))
    yield all_of.WAITS.histograms(form, _by_target(tallies.waits))
    yield all_of.PROBES.histograms(form, _by_target(tallies.probes))
    yield all_of.TURNS.histograms(form, _by_target(tallies.turns))
    yield all_of.TOOK.histograms(form, sorted(tallies.took.items(), key=_key))
    # From 0 on, so that the first one counts where a rate is asked for.
    keys = sorted({*product([*status.targets, *tallies.unseen], ACTIONS, RESULTS), *tallies.actions})
    counted = ((key, tallies.actions.get(key, 0), tallies.latest.get(key, "")) for key in keys)
    yield all_of.DONE.counters(form, counted)
    yield all_of.BUILD.gauges(form, [((reconciler.__version__, platform.python_version()), 1)])
    yield from visits_text(tallies.visits, form)


def _by_target(known: Mapping[str, _V]) -> Iterator[tuple[tuple[str], _V]]:
    return (((name,), known[name]) for name in sorted(known))


def _key(item: tuple[_K, object]) -> _K:
    return item[0]
