"""One line for each service of a target."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from reconciler.health.fold import Fold
from reconciler.health.hands import changed_by_hand
from reconciler.health.memory import Memory
from reconciler.health.replica import STATES, Verdict, last_ended, serving_of
from reconciler.health.serving import answers_of, serving, unhealthy
from reconciler.models.action import Cancel, Hold, Plan
from reconciler.models.health import Health
from reconciler.models.status import Fight, ServiceStatus, Serving, State
from reconciler.models.wanted import ResolvedService, Wanted
from reconciler.models.workload import Cause, Observed, Phase, Workload


def judge(
    services: Iterable[tuple[ResolvedService, Wanted]],
    seen: Observed,
    plan: Plan,
    errors: Mapping[str, str],
    before: Mapping[str, ServiceStatus],
    fights: Mapping[str, Sequence[Fight]] = MappingProxyType({}),
    memory: Memory | None = None,
    answers: Mapping[str, bool | None] = MappingProxyType({}),
) -> tuple[ServiceStatus, ...]:
    """One status for each service of the target, wanted or still alive, sorted by name.

    `errors` names services whose last action failed. `before` is the table of the turn before: a state that did not
    change keeps its `since`, and a look that was not whole leaves what was known as it was last seen. `fights` is what
    is undone again and again, by service. With a `memory` the same is not judged twice. `answers` is what the daemon's
    own probes have come to (`HealthChecker.answers`), where it makes any.
    """
    if seen.complete:
        table = _known(services, seen, plan, errors, before, fights, memory or Memory(), answers)
    else:
        table = _unknown(services, seen, before)
    return tuple(sorted(table, key=lambda status: status.service))


def _known(
    services: Iterable[tuple[ResolvedService, Wanted]],
    seen: Observed,
    plan: Plan,
    errors: Mapping[str, str],
    before: Mapping[str, ServiceStatus],
    fights: Mapping[str, Sequence[Fight]],
    memory: Memory,
    answers: Mapping[str, bool | None],
) -> Iterator[ServiceStatus]:
    groups: defaultdict[str, list[Workload]] = defaultdict(list)
    for workload in seen.workloads:
        groups[workload.mark.service].append(workload)
    holds = {action.service: action.reason for action in plan.actions if isinstance(action, Hold)}
    conflicts = {conflict.service: conflict.what for conflict in seen.conflicts}
    for service, wanted in services:
        name = wanted.service
        loads = groups.pop(name, [])
        if unknown := seen.unknown(wanted.parts):
            yield _unseen(service, wanted, Verdict(State.UNKNOWN, Health.UNKNOWN, unknown), seen.at, before.get(name))
            continue
        said = _Said(errors.get(name, ""), holds.get(name, ""), conflicts.get(name, ""), fights.get(name, ()))
        quiet = said == _NOTHING
        heard = answers_of(loads, answers) if answers else ()
        line = memory.recall(service, wanted, loads, heard) if quiet else None
        if line is None:
            fold = Fold.of(wanted, loads, seen.at)
            line = _seen_line(service, fold, said, seen.at, before.get(name), serving(loads, answers))
            memory.keep(service, wanted, loads, line if quiet else None, heard)
        yield line
    going = {action.service for action in plan.actions if isinstance(action, Cancel)}
    for name, loads in groups.items():
        alive = [workload for workload in loads if workload.phase is not Phase.ENDED]
        if alive:
            reason = errors.get(name) or holds.get(name, "")
            yield _leftover(
                seen, name, alive, reason, before.get(name), removing=name in going | errors.keys() or not reason
            )


@dataclass(frozen=True, slots=True)
class _Said:
    """What there is to say of a service besides what is seen of it."""

    error: str = ""
    hold: str = ""
    conflict: str = ""
    fights: Sequence[Fight] = ()


_NOTHING = _Said()


def _seen_line(
    service: ResolvedService,
    fold: Fold,
    said: _Said,
    now: datetime,
    before: ServiceStatus | None,
    serves: tuple[Serving, ...],
) -> ServiceStatus:
    verdict = _and(fold.verdict(said.error, said.hold), said.conflict)
    verdict = _and(verdict, changed_by_hand(fold.drift, fold.wanted, said.fights, now))
    loops = fold.loops
    verdict = _in_loop(verdict, loops)
    line = _line(service, fold, verdict, now, before, loops=loops, serves=serves)
    return replace(line, drift=fold.drift, fights=tuple(said.fights)) if fold.drift or said.fights else line


def _unknown(
    services: Iterable[tuple[ResolvedService, Wanted]], seen: Observed, before: Mapping[str, ServiceStatus]
) -> Iterator[ServiceStatus]:
    """Nothing is known of now. Where it was last seen stays; so do those that are no longer wanted."""
    verdict = Verdict(State.UNKNOWN, Health.UNKNOWN, seen.why)
    rest = dict(before)
    for service, wanted in services:
        yield _unseen(service, wanted, verdict, seen.at, rest.pop(wanted.service, None))
    for known in rest.values():
        since = _since(verdict.state, None, seen.at, known)
        yield replace(known, state=verdict.state, health=verdict.health, since=since, why=verdict.why, ready=0)


def _unseen(
    service: ResolvedService, wanted: Wanted, verdict: Verdict, now: datetime, known: ServiceStatus | None
) -> ServiceStatus:
    line = _line(service, Fold.of(wanted, (), now), verdict, now, known)
    return _as_seen_last(line, known) if known else line


def _as_seen_last(line: ServiceStatus, known: ServiceStatus) -> ServiceStatus:
    return replace(
        line,
        revision=known.revision,
        endpoints=known.endpoints,
        deadline=known.deadline,
        generation=known.generation,
        serving=known.serving,
        unhealthy=known.unhealthy,
    )


def _in_loop(verdict: Verdict, times: int) -> Verdict:
    """The verdict on one that fails again and again, with how often it did."""
    if not times:
        return verdict
    counted = f"attempt {times}" in verdict.why
    return replace(verdict, why=f"crash loop: {verdict.why if counted else f'attempt {times}; {verdict.why}'}")


def _and(verdict: Verdict, more: str) -> Verdict:
    """The verdict with one more thing to know, unless it says so; state and health stay."""
    known = not more or more in verdict.why
    return verdict if known else replace(verdict, why="; ".join(filter(None, [verdict.why, more])))


def _line(
    service: ResolvedService,
    fold: Fold,
    verdict: Verdict,
    now: datetime,
    before: ServiceStatus | None,
    *,
    loops: int = 0,
    serves: tuple[Serving, ...] = (),
) -> ServiceStatus:
    newest, behind = fold.newest, fold.furthest_behind
    return ServiceStatus(
        service=fold.wanted.service,
        target=service.target,
        recipe=service.recipe.metadata.name,
        state=verdict.state,
        health=verdict.health,
        since=_since(verdict.state, newest, now, before),
        why=_and(verdict, f"frozen: {service.frozen}" if service.frozen else "").why,
        revision=newest.mark.revision if newest else "",
        frozen=service.frozen,
        replicas=fold.wanted.units,
        ready=fold.ready,
        endpoints=fold.endpoints,
        pending=behind.pending if behind else None,
        expected=behind.expected if behind else None,
        deadline=fold.deadline,
        attempt=fold.attempt,
        ended=_ended(fold.loads, before),
        generation=max((workload.mark.generation for workload in fold.loads), default=0),
        labels=service.service.metadata.labels,
        scrape=service.recipe.spec.metrics,
        probe=service.recipe.spec.health,
        serving=serves,
        looping=loops > 0,
        unhealthy=unhealthy(verdict, fold.loads, now, before),
    )


def _ended(loads: Sequence[Workload], before: ServiceStatus | None) -> Cause | None:
    """Why the last one ended, also when the platform has forgotten it since."""
    last = last_ended(loads)
    return last.cause if last and last.cause else before.ended if before else None


def _leftover(
    seen: Observed, name: str, alive: Sequence[Workload], reason: str, before: ServiceStatus | None, *, removing: bool
) -> ServiceStatus:
    state = State.REMOVING if removing else State.HELD
    replicas: defaultdict[int, list[Workload]] = defaultdict(list)
    for workload in alive:
        replicas[workload.mark.replica].append(workload)
    best = [one for one in map(serving_of, replicas.values()) if one]
    verdict = Verdict(state, alive[0].health, reason or "is being removed")
    return ServiceStatus(
        service=name,
        target=seen.target,
        recipe="",
        state=state,
        health=verdict.health,
        since=_since(state, None, seen.at, before),
        why=verdict.why,
        revision=alive[0].mark.revision,
        ready=sum(workload.health is Health.HEALTHY for workload in best),
        endpoints=tuple(endpoint for workload in best for endpoint in workload.endpoints),
        ended=_ended(alive, before),
        generation=max(workload.mark.generation for workload in alive),
        labels=before.labels if before else {},
        scrape=before.scrape if before else None,
        probe=before.probe if before else None,
        serving=serving(alive, {}),
        unhealthy=unhealthy(verdict, alive, seen.at, before),
    )


def _since(state: State, newest: Workload | None, now: datetime, before: ServiceStatus | None) -> datetime:
    if newest is not None and newest.since is not None and STATES.get(newest.phase) is state:
        return newest.since
    return before.since if before is not None and before.state is state else now
