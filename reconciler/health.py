"""How a service stands: the verdicts on its replicas, what the plan holds and the look itself, folded. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.models.action import Cancel, Hold, Plan
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, State
from reconciler.models.wanted import ResolvedService, Wanted
from reconciler.models.workload import Observed, Phase, Workload

_STATES = {Phase.PENDING: State.PENDING, Phase.RUNNING: State.RUNNING, Phase.STOPPING: State.STOPPING}


@dataclass(frozen=True, slots=True)
class Verdict:
    """State, health and the reason in words."""

    state: State
    health: Health
    why: str


def judge(
    services: Iterable[tuple[ResolvedService, Wanted]],
    seen: Observed,
    plan: Plan,
    errors: Mapping[str, str],
    before: Mapping[str, ServiceStatus],
) -> tuple[ServiceStatus, ...]:
    """One status for each service of the target, wanted or still alive, sorted by name.

    `errors` names services whose last action failed. `before` is the table of the turn before: a state that did not
    change keeps its `since`, and a look that was not whole leaves what was known as it was last seen.
    """
    table = _known(services, seen, plan, errors, before) if seen.complete else _unknown(services, seen, before)
    return tuple(sorted(table, key=lambda status: status.service))


def _known(
    services: Iterable[tuple[ResolvedService, Wanted]],
    seen: Observed,
    plan: Plan,
    errors: Mapping[str, str],
    before: Mapping[str, ServiceStatus],
) -> Iterator[ServiceStatus]:
    groups: dict[str, list[Workload]] = {}
    for workload in seen.workloads:
        groups.setdefault(workload.mark.service, []).append(workload)
    holds = {action.service: action.reason for action in plan.actions if isinstance(action, Hold)}
    conflicts = {conflict.service: conflict.what for conflict in seen.conflicts}
    for service, wanted in services:
        loads = groups.pop(wanted.service, [])
        verdict = _wanted(wanted, loads, errors.get(wanted.service, ""), holds.get(wanted.service, ""))
        verdict = _and(verdict, conflicts.get(wanted.service, ""))
        yield _line(service, wanted, loads, verdict, seen.at, before.get(wanted.service))
    going = {action.service for action in plan.actions if isinstance(action, Cancel)}
    for name, loads in groups.items():
        alive = [workload for workload in loads if workload.phase is not Phase.ENDED]
        if alive:
            reason = holds.get(name, "")
            yield _leftover(seen, name, alive, reason, before.get(name), removing=name in going or not reason)


def _unknown(
    services: Iterable[tuple[ResolvedService, Wanted]], seen: Observed, before: Mapping[str, ServiceStatus]
) -> Iterator[ServiceStatus]:
    """Nothing is known of now. Where it was last seen stays; so do those that are no longer wanted."""
    verdict = Verdict(State.UNKNOWN, Health.UNKNOWN, seen.why)
    rest = dict(before)
    for service, wanted in services:
        known = rest.pop(wanted.service, None)
        line = _line(service, wanted, (), verdict, seen.at, known)
        yield replace(line, revision=known.revision, endpoints=known.endpoints) if known else line
    for known in rest.values():
        since = _since(verdict.state, None, seen.at, known)
        yield replace(known, state=verdict.state, health=verdict.health, since=since, why=verdict.why, ready=0)


def _wanted(wanted: Wanted, loads: Sequence[Workload], error: str, hold: str) -> Verdict:
    alive = [workload for workload in loads if workload.phase is not Phase.ENDED]
    if wanted.suspended:
        if alive:
            return Verdict(State.STOPPING, Health.PROGRESSING, wanted.suspended)
        return Verdict(State.SUSPENDED, Health.SUSPENDED, wanted.suspended)
    if not alive:
        if not wanted.units:
            return Verdict(State.RUNNING, Health.HEALTHY, "no replica is wanted")
        return _absent(error or wanted.blocked, hold)
    return _and(_alive(wanted, alive, loads), error or hold)


def _absent(error: str, hold: str) -> Verdict:
    """Nothing is there: because it cannot be, because it waits for something, or because it only now begins."""
    if error:
        return Verdict(State.HELD, Health.FAILED, error)
    if hold:
        return Verdict(State.HELD, Health.PENDING, hold)
    return Verdict(State.ABSENT, Health.PROGRESSING, "is being started")


def _and(verdict: Verdict, more: str) -> Verdict:
    """The verdict with one more thing to know; state and health stay."""
    return replace(verdict, why="; ".join(filter(None, [verdict.why, more])))


def _alive(wanted: Wanted, alive: Sequence[Workload], loads: Sequence[Workload]) -> Verdict:
    """The worst replica speaks for the service; of one replica's workloads the healthiest does."""
    verdicts = []
    for number in range(wanted.units):
        mine = [workload for workload in alive if workload.mark.replica == number]
        if not mine:
            verdicts.append(Verdict(State.ABSENT, Health.PROGRESSING, f"replica {number} is being started"))
            continue
        best = min(mine, key=lambda workload: workload.health.rank)
        verdicts.append(_one(best, [workload for workload in loads if workload.mark.replica == number]))
    if not verdicts:
        return Verdict(State.STOPPING, Health.PROGRESSING, "no replica is wanted")
    return max(verdicts, key=lambda verdict: verdict.health.rank)


def _one(best: Workload, loads: Sequence[Workload]) -> Verdict:
    if best.phase is Phase.PENDING and best.mark.attempt:
        ended = [workload for workload in loads if workload.phase is Phase.ENDED and workload.reason]
        last = f" after: {ended[-1].reason}" if ended else ""
        return Verdict(State.PENDING, Health.DEGRADED, f"attempt {best.mark.attempt}{last}; {best.reason}")
    return Verdict(_STATES[best.phase], best.health, best.reason)


def _line(
    service: ResolvedService,
    wanted: Wanted,
    loads: Sequence[Workload],
    verdict: Verdict,
    now: datetime,
    before: ServiceStatus | None,
) -> ServiceStatus:
    running = [workload for workload in loads if workload.phase is Phase.RUNNING]
    newest = max(running or loads, key=lambda workload: workload.mark.generation, default=None)
    notes = [verdict.why, f"frozen: {service.frozen}" if service.frozen else ""]
    return ServiceStatus(
        service=wanted.service,
        target=service.target,
        recipe=service.recipe.metadata.name,
        state=verdict.state,
        health=verdict.health,
        since=_since(verdict.state, newest, now, before),
        why="; ".join(filter(None, notes)),
        revision=newest.mark.revision if newest else "",
        frozen=service.frozen,
        replicas=wanted.units,
        ready=sum(workload.health is Health.HEALTHY for workload in running),
        endpoints=tuple(endpoint for workload in running for endpoint in workload.endpoints),
    )


def _leftover(
    seen: Observed, name: str, alive: Sequence[Workload], reason: str, before: ServiceStatus | None, *, removing: bool
) -> ServiceStatus:
    state = State.REMOVING if removing else State.HELD
    return ServiceStatus(
        service=name,
        target=seen.target,
        recipe="",
        state=state,
        health=alive[0].health,
        since=_since(state, None, seen.at, before),
        why=reason or "is being removed",
        revision=alive[0].mark.revision,
        ready=sum(workload.health is Health.HEALTHY for workload in alive),
    )


def _since(state: State, newest: Workload | None, now: datetime, before: ServiceStatus | None) -> datetime:
    if newest is not None and newest.since is not None and _STATES.get(newest.phase) is state:
        return newest.since
    return before.since if before is not None and before.state is state else now
