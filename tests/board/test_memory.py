"""A table that is made with a memory is the table that is made without one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from reconciler.health import Memory, judge
from reconciler.models.action import Hold, Plan
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Conflict, Drift, Gap, Instance, Phase
from tests.fakes import START, look, workload
from tests.samples import resolved

DEADLINE = START + timedelta(hours=1)
WORKLOADS = (
    workload("a"),
    replace(workload("a"), instances=(Instance("1", "n1", up=True),)),
    replace(workload("a", health=Health.DEGRADED), unhealthy=START),
    workload("a", "d2"),
    workload("a", health=Health.DEGRADED, reason="crashes"),
    workload("a", phase=Phase.STOPPING),
    workload("a", phase=Phase.ENDED, health=Health.FAILED),
    workload("a", deadline=DEADLINE),
    replace(workload("a"), drift=(Drift("Deployment ai/a", "/spec/replicas"),)),
)
WANTED = (
    Wanted("a", 1, "d1", parts=frozenset({"ai/Pod"})),
    Wanted("a", 1, "d2", parts=frozenset({"ai/Pod"})),
    Wanted("a", 2, "d1"),
    Wanted("a", 1, "d1", suspended="suspended in Git"),
)
SERVICES = (resolved("a"), replace(resolved("a"), frozen="line 3 is bad"))
TURN = st.tuples(
    st.sampled_from(SERVICES),
    st.sampled_from(WANTED),
    st.lists(st.sampled_from(WORKLOADS), max_size=2),
    st.sampled_from([{}, {"a": "refused"}]),
    st.sampled_from([(), (Hold("a", "waits"),)]),
    st.sampled_from([(), (Conflict("a", "taken"),)]),
    st.sampled_from([(), (Gap("ai/Pod", "forbidden"),)]),
    st.booleans(),
    st.sampled_from([{}, {"1/1": True}, {"1/1": False}, {"1/1": None}]),
)


@given(st.lists(TURN, max_size=8))
def test_a_memory_changes_nothing(turns: list[tuple[object, ...]]) -> None:
    memory = Memory()
    with_it: dict[str, ServiceStatus] = {}
    without: dict[str, ServiceStatus] = {}
    for number, (service, wanted, loads, errors, holds, conflicts, gaps, complete, answers) in enumerate(turns):
        seen = replace(look(*loads), conflicts=conflicts, gaps=gaps, complete=complete)
        seen = replace(seen, at=START + timedelta(seconds=number))
        pairs, plan = [(service, wanted)], Plan("fake", holds)
        with_it = {
            one.service: one for one in judge(pairs, seen, plan, errors, with_it, memory=memory, answers=answers)
        }
        without = {one.service: one for one in judge(pairs, seen, plan, errors, without, answers=answers)}
        memory.retain(len(pairs))
        assert with_it == without


def test_what_changed_nothing_is_the_very_same_line() -> None:
    memory, one = Memory(), workload("a")
    pairs, plan = [(SERVICES[0], WANTED[0])], Plan("fake", ())
    (first,) = judge(pairs, look(one), plan, {}, {}, memory=memory)
    (second,) = judge(pairs, look(one), plan, {}, {"a": first}, memory=memory)
    assert second is first
