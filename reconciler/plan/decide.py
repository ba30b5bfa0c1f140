"""The plan of one target: (wanted, seen, now) to actions, each with its reason in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconciler.models.action import Action, Cancel, Hold, Plan
from reconciler.models.wanted import Removals, Wanted
from reconciler.models.workload import Observed, Phase, Workload
from reconciler.plan.budget import Budget
from reconciler.plan.reaction import Reaction, ReactionLimits, react
from reconciler.plan.replica import Replica

_GOING = (Phase.STOPPING, Phase.ENDED)
# After this long a stop is ended by force where nobody says any more how long it may take.
_STOP = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Constraints:
    """What holds the plan back.

    `removals` is the verdict on services that nobody wants any more. `held` names services whose file is bad and that
    have no good version, with the reason: what lives of them stays. `not_now` names services that are waited for after
    an error or an unanswered write, `not_ended` those of which nothing is ended for such a reason. `fought` are fields
    (service, object, pointer) that are not repaired just now, as somebody undoes it again and again. `ready` names the
    services of all targets that are healthy, for `dependsOn`. `reactions` bounds what is restarted for being unhealthy.
    """

    removals: Removals = field(default_factory=Removals)
    held: Mapping[str, str] = field(default_factory=dict)
    not_now: Mapping[str, str] = field(default_factory=dict)
    not_ended: Mapping[str, str] = field(default_factory=dict)
    fought: frozenset[tuple[str, str, str]] = frozenset()
    ready: frozenset[str] = frozenset()
    reactions: ReactionLimits = field(default_factory=ReactionLimits)


def make_plan(wanted: Iterable[Wanted], seen: Observed, now: datetime, constraints: Constraints) -> Plan:
    """What to do on the target of `seen` at `now`. An incomplete look gives an empty plan: unknown is not absent."""
    if not seen.complete:
        return Plan(seen.target)
    groups = _by_service(seen.workloads)
    services = {one.service: one for one in wanted}
    reaction = react(services, seen, now, constraints.reactions)
    planner = _Planner(seen, now, constraints, reaction)
    actions: list[Action] = []
    for name in sorted(services):
        actions += planner.service(services[name], groups.pop(name, ()))
    for name in sorted(groups):
        actions += planner.unwanted(name, groups[name])
    return Plan(seen.target, tuple(_each_hold_once(actions)), reaction.held)


def _each_hold_once(actions: Iterable[Action]) -> Iterator[Action]:
    """The replicas of a service wait for the same."""
    said: set[Hold] = set()
    for action in actions:
        if not isinstance(action, Hold):
            yield action
        elif action not in said:
            said.add(action)
            yield action


def _by_service(workloads: Iterable[Workload]) -> dict[str, Sequence[Workload]]:
    groups: defaultdict[str, list[Workload]] = defaultdict(list)
    for workload in workloads:
        groups[workload.mark.service].append(workload)
    for group in groups.values():
        if len(group) > 1:
            group.sort(key=lambda one: (one.mark.replica, one.id))
    return dict(groups)


@dataclass(frozen=True, slots=True)
class _Planner:
    seen: Observed
    now: datetime
    constraints: Constraints
    reaction: Reaction

    def service(self, wanted: Wanted, workloads: Sequence[Workload]) -> Iterator[Action]:
        """What to do about a service that is wanted."""
        if self.seen.unknown(wanted.parts):
            return
        units = 0 if wanted.suspended else wanted.units
        replicas: defaultdict[int, list[Workload]] = defaultdict(list)
        for workload in workloads:
            replicas[workload.mark.replica].append(workload)
        reason = wanted.suspended or f"{wanted.units} replicas are wanted"
        for number in [number for number in replicas if number >= units]:
            yield from self._end(wanted.service, replicas[number], reason, removal=False)
        budget = Budget(wanted, replicas)
        for number in range(units):
            replica = self._replica(wanted, number, replicas.get(number, ()))
            if not replica.is_at_rest():
                yield from replica.actions(budget)

    def unwanted(self, name: str, workloads: Sequence[Workload]) -> Iterator[Action]:
        """What to do about the workloads of a name that nobody wants any more."""
        constraints, gaps = self.constraints, self.seen.gaps
        if not gaps and name not in constraints.held and name in constraints.removals.allowed:
            yield from self._end(name, workloads, "no longer in Git", removal=True)
        elif any(workload.phase not in _GOING for workload in workloads):
            reason = constraints.held.get(name) or constraints.removals.held.get(name)
            yield Hold(name, gaps[0].why if gaps else reason or "its removal is not allowed yet")

    def _end(self, service: str, workloads: Iterable[Workload], reason: str, *, removal: bool) -> Iterator[Action]:
        refused = self.constraints.not_ended.get(service)
        for workload in workloads:
            late = workload.stopping is not None and self.now - workload.stopping > _STOP
            if not late and workload.phase in _GOING:
                continue
            if refused:
                yield Hold(service, refused)
            else:
                yield Cancel(service, workload.mark.replica, reason, (workload,), removal=removal)

    def _replica(self, wanted: Wanted, number: int, workloads: Sequence[Workload]) -> Replica:
        missing = [name for name in wanted.depends_on if name not in self.constraints.ready]
        same = [one.what for one in self.seen.conflicts if (one.service, one.replica) == (wanted.service, number)]
        return Replica(
            wanted,
            number,
            workloads,
            self.now,
            hold=wanted.blocked or self.constraints.not_now.get(wanted.service, ""),
            waits=f"waits for {', '.join(missing)} to be healthy (dependsOn)" if missing else "",
            taken="; ".join(same),
            closes=self.seen.closes,
            fought=self.constraints.fought,
            reaction=self.reaction,
        )
