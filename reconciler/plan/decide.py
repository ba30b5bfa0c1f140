"""The plan of one target: (wanted, seen, now) to actions, each with its reason in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.models.action import Action, Cancel, Hold, Plan
from reconciler.models.wanted import Removals, Wanted
from reconciler.models.workload import Observed, Phase, Workload
from reconciler.plan.replica import Replica

_GOING = (Phase.STOPPING, Phase.ENDED)


@dataclass(frozen=True, slots=True)
class Constraints:
    """What holds the plan back.

    `removals` is the verdict on services that nobody wants any more. `held` names services whose file is bad and that
    have no good version, with the reason: what lives of them stays. `not_now` names services that are waited for after
    an error or an unanswered write. `ready` names the services of all targets that are healthy, for `dependsOn`.
    """

    removals: Removals = field(default_factory=Removals)
    held: Mapping[str, str] = field(default_factory=dict)
    not_now: Mapping[str, str] = field(default_factory=dict)
    ready: frozenset[str] = frozenset()


def make_plan(wanted: Iterable[Wanted], seen: Observed, now: datetime, constraints: Constraints) -> Plan:
    """What to do on the target of `seen` at `now`. An incomplete look gives an empty plan: unknown is not absent."""
    if not seen.complete:
        return Plan(seen.target)
    groups = _by_service(seen.workloads)
    services = sorted(wanted, key=lambda service: service.service)
    actions: list[Action] = []
    for service in services:
        actions += _service(service, groups.pop(service.service, ()), now, constraints)
    for name in sorted(groups):
        actions += _unwanted(name, groups[name], constraints)
    return Plan(seen.target, tuple(dict.fromkeys(actions)))


def _by_service(workloads: Iterable[Workload]) -> dict[str, Sequence[Workload]]:
    groups: dict[str, list[Workload]] = defaultdict(list)
    for workload in sorted(workloads, key=lambda one: (one.mark.service, one.mark.replica, one.id)):
        groups[workload.mark.service].append(workload)
    return dict(groups)


def _service(
    wanted: Wanted, workloads: Sequence[Workload], now: datetime, constraints: Constraints
) -> Iterator[Action]:
    units = 0 if wanted.suspended else wanted.units
    extra = [workload for workload in workloads if workload.mark.replica >= units and workload.phase not in _GOING]
    reason = wanted.suspended or f"{wanted.units} replicas are wanted"
    for workload in extra:
        yield Cancel(wanted.service, workload.mark.replica, reason, (workload,))
    hold = _hold(wanted, constraints)
    for number in range(units):
        mine = [workload for workload in workloads if workload.mark.replica == number]
        yield from Replica(wanted, number, mine, hold, now).actions()


def _hold(wanted: Wanted, constraints: Constraints) -> str:
    missing = [name for name in wanted.depends_on if name not in constraints.ready]
    waits = f"waits for {', '.join(missing)} to be healthy (dependsOn)" if missing else ""
    return wanted.blocked or constraints.not_now.get(wanted.service, "") or waits


def _unwanted(name: str, workloads: Sequence[Workload], constraints: Constraints) -> Iterator[Action]:
    live = [workload for workload in workloads if workload.phase not in _GOING]
    if not live:
        return
    if name in constraints.held or name not in constraints.removals.allowed:
        reason = constraints.held.get(name) or constraints.removals.held.get(name) or "its removal is not allowed yet"
        yield Hold(name, reason)
        return
    for workload in live:
        yield Cancel(name, workload.mark.replica, "no longer in Git", (workload,), removal=True)
