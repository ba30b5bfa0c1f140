"""Safety of the plan as properties: whatever is wanted and seen, something bad never happens."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.models.action import Amend, Cancel, Deploy, Hold, Plan, Renew, Replace, Restart
from reconciler.models.health import Health
from reconciler.models.wanted import Removals, Wanted
from reconciler.models.workload import Observed, PendingClass, Phase, Workload
from reconciler.plan import Constraints, make_plan
from tests.fakes import START, look, workload

names = st.sampled_from(["a", "b", "c"])
digests = st.sampled_from(["d1", "d2"])
wanted_one = st.builds(
    Wanted,
    service=names,
    units=st.integers(0, 3),
    digest=digests,
    restart=st.sampled_from(["", "r1", "r2"]),
    stateful=st.booleans(),
    suspended=st.sampled_from(["", "", "suspended"]),
    blocked=st.sampled_from(["", "", "", "blocked"]),
    lead=st.sampled_from([None, timedelta(minutes=5)]),
    surge=st.integers(1, 2),
    unavailable=st.integers(0, 2),
    place=st.sampled_from(["", "p1", "p2"]),
    limit=st.sampled_from([0, 60, 3600]),
    depends_on=st.sampled_from([(), (), ("b",)]),
)
wanted_sets = st.lists(wanted_one, max_size=3, unique_by=lambda one: one.service)
loads = st.builds(
    workload,
    names,
    digests,
    replica=st.integers(0, 3),
    phase=st.sampled_from(Phase),
    health=st.sampled_from(Health),
    generation=st.integers(0, 3),
    attempt=st.integers(0, 3),
    restart=st.sampled_from(["", "r1"]),
    deadline=st.sampled_from([None, START + timedelta(minutes=1)]),
)
details = st.fixed_dictionaries(
    {
        "stuck": st.sampled_from([False, False, True]),
        "marked": st.sampled_from([True, True, False]),
        "limit": st.sampled_from([None, timedelta(minutes=1), timedelta(hours=1)]),
        "pending": st.sampled_from([None, *PendingClass]),
        "stopping": st.sampled_from([None, START, START - timedelta(hours=1)]),
    }
)


def _detailed(many: list[tuple[Workload, dict[str, Any], str, int]]) -> tuple[Workload, ...]:
    """With ids of their own, and with details only where they can be."""
    made = []
    for number, (one, extra, place, limit) in enumerate(many):
        fitting = {
            "stuck": extra["stuck"] and one.phase is Phase.PENDING,
            "pending": extra["pending"] if one.phase is Phase.PENDING else None,
            "stopping": extra["stopping"] if one.phase is Phase.STOPPING else None,
        }
        mark = replace(one.mark, place=place, limit=limit)
        made.append(replace(one, id=str(number), mark=mark, **(extra | fitting)))
    return tuple(made)


seen_sets = st.lists(
    st.tuples(loads, details, st.sampled_from(["", "p1", "p2"]), st.sampled_from([0, 60, 3600])), max_size=8
).map(_detailed)
constraints_sets = st.builds(
    Constraints,
    removals=st.frozensets(names).map(Removals),
    held=st.dictionaries(names, st.just("bad file"), max_size=1),
    not_now=st.dictionaries(names, st.just("failed"), max_size=1),
    ready=st.frozensets(names),
)


@given(wanted_sets, seen_sets, constraints_sets)
def test_rule_1_an_incomplete_look_plans_nothing(
    wanted: list[Wanted], seen: tuple[Workload, ...], constraints: Constraints
) -> None:
    assert make_plan(wanted, look(*seen, complete=False), START, constraints) == Plan("fake")


@given(wanted_sets, seen_sets, constraints_sets)
def test_rule_5_the_order_of_the_input_does_not_matter(
    wanted: list[Wanted], seen: tuple[Workload, ...], constraints: Constraints
) -> None:
    one = make_plan(wanted, look(*seen), START, constraints)
    assert make_plan(wanted[::-1], look(*seen[::-1]), START, constraints) == one
    assert all(action.reason for action in one.actions)


@given(wanted_sets, seen_sets)
def test_rule_5_plans_come_to_rest_and_leave_what_is_wanted(wanted: list[Wanted], seen: tuple[Workload, ...]) -> None:
    """Carried out on a platform where everything starts well, a few plans come to nothing left to do."""
    everything = Constraints(Removals(frozenset("abc")), ready=frozenset("abc"))
    current = look(*(replace(one, deadline=None) for one in seen if one.phase is not Phase.STOPPING))
    for _ in range(16):
        plan = make_plan(wanted, current, START, everything)
        if not plan.changes:
            break
        current = carry_out(plan, wanted, current)
    assert not make_plan(wanted, current, START, everything).changes
    for one in wanted:
        live = [load for load in current.workloads if load.mark.service == one.service and load.phase in LIVE]
        if not one.blocked:
            right = [load for load in live if load.mark.digest == one.digest]
            assert {load.mark.replica for load in right} == set(range(0 if one.suspended else one.units))


@given(wanted_sets, seen_sets, constraints_sets)
def test_no_replica_is_started_twice_in_one_plan(
    wanted: list[Wanted], seen: tuple[Workload, ...], constraints: Constraints
) -> None:
    starts = [
        (action.service, action.replica)
        for action in make_plan(wanted, look(*seen), START, constraints).actions
        if isinstance(action, Deploy | Replace | Restart | Renew)
    ]
    assert len(starts) == len(set(starts))


@given(wanted_sets, seen_sets, constraints_sets)
def test_rule_4_nothing_unwanted_goes_without_leave(
    wanted: list[Wanted], seen: tuple[Workload, ...], constraints: Constraints
) -> None:
    mine = {one.service for one in wanted}
    for action in make_plan(wanted, look(*seen), START, constraints).actions:
        if isinstance(action, Cancel) and action.service not in mine:
            assert action.service in constraints.removals.allowed
            assert action.service not in constraints.held


@given(wanted_sets, seen_sets)
def test_rule_8_a_stateful_replica_never_gets_a_neighbour_that_is_meant_to_stay(
    wanted: list[Wanted], seen: tuple[Workload, ...]
) -> None:
    """A started successor of stateful content always ends everything else of its replica, or waits for it."""
    stateful = [replace(one, stateful=True, surge=0, lead=None) for one in wanted]
    actions = make_plan(stateful, look(*seen), START, Constraints(ready=frozenset("abc"))).actions
    cancelled = {old.id for action in actions if isinstance(action, Cancel) for old in action.old}
    for action in actions:
        if isinstance(action, Deploy | Replace | Restart):
            live = {
                load.id
                for load in seen
                if (load.mark.service, load.mark.replica) == (action.service, action.replica)
                and load.phase in LIVE
                and load.id not in cancelled
            }
            assert live == ({old.id for old in action.old} if not isinstance(action, Deploy) else set())


LIVE = (Phase.PENDING, Phase.RUNNING)


def carry_out(plan: Plan, wanted: list[Wanted], seen: Observed) -> Observed:
    """The look after a plan that went well: cancelled workloads are gone, started ones are healthy."""
    content = {one.service: one for one in wanted}
    loads = {load.id: load for load in seen.workloads}
    for number, action in enumerate(plan.actions):
        if isinstance(action, Hold):
            continue
        if isinstance(action, Amend):
            limit = action.limit or action.old.limit
            loads[action.old.id] = replace(action.old, mark=action.mark, limit=limit, marked=True)
            continue
        for old in () if isinstance(action, Deploy | Renew) else action.old:
            loads.pop(old.id, None)
        if not isinstance(action, Cancel):
            one = content[action.service]
            identity = f"{len(loads)}-{number}-{action.generation}"
            loads[identity] = workload(
                one.service,
                one.digest,
                replica=action.replica,
                identity=identity,
                generation=action.generation,
                restart=one.restart,
            )
            mark = replace(loads[identity].mark, place=one.place, limit=one.limit)
            loads[identity] = replace(loads[identity], mark=mark)
    return look(*loads.values())
