"""When what was asked for has come true, told from single looks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from reconciler.desired.load import Desired
from reconciler.models.action import Action, Amend, Hold, Plan, Renew
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, State, View
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Phase, Workload
from reconciler.proposals.waiting import Index, Standing, gone, healthy
from tests.fakes import START, look, workload
from tests.samples import REVISION, resolved

SERVICE = resolved("a")
DESIRED = Desired(REVISION, {"a": SERVICE})
LINE = ServiceStatus("a", "fake", "web", State.RUNNING, Health.HEALTHY, START, "")
NEW = workload("a", "d2", restart="r", identity="2", generation=1)
OLD = workload("a", "d1")
LATER = START + timedelta(seconds=1)


def index(*loads: Workload, wants: bool = True, complete: bool = True, actions: tuple[Action, ...] = ()) -> Index:
    wanted = ((SERVICE, Wanted("a", 1, "d2", restart="r")),) if wants else ()
    return Index(View("fake", wanted, look(*loads, complete=complete), Plan("fake", actions)))


def stands(one: Index, line: ServiceStatus = LINE) -> Standing:
    return healthy("a", DESIRED, [line], {"fake": one}, changed=True)


def test_healthy_is_what_is_wanted_and_nothing_else() -> None:
    assert stands(index(NEW)).end == ""
    assert stands(index(OLD)).end is None
    assert stands(index(OLD, NEW)).end is None, "the old one is still there"
    assert stands(index(replace(OLD, phase=Phase.ENDED), NEW)).end == ""
    assert stands(index(replace(OLD, phase=Phase.STOPPING), NEW)).end == ""
    assert stands(index(replace(NEW, mark=replace(NEW.mark, restart="q")))).end is None, "not restarted yet"


def test_nothing_may_be_left_to_do() -> None:
    assert stands(index(NEW, actions=(Amend("a", 0, "", NEW, NEW.mark),))).end is None
    assert stands(index(NEW, actions=(Hold("a", "later"),))).end == ""
    assert stands(index(NEW, actions=(Renew("b", 0, "", (NEW,)),))).end == "", "of another service"


def test_a_failure_counts_only_of_what_is_wanted() -> None:
    failed = replace(LINE, health=Health.FAILED, why="exit code 1")
    assert stands(index(NEW), failed).doubt == "exit code 1"
    assert stands(index(OLD), failed).doubt == ""
    assert stands(index(wants=False), failed).taken is False
    looping = replace(LINE, health=Health.DEGRADED, why="", looping=True)
    assert stands(index(NEW), looping).doubt == "it is Degraded"
    assert stands(index(NEW), replace(looping, looping=False)).doubt == ""


def is_gone(one: Index, line: ServiceStatus | None = None) -> Standing:
    return gone("a", Desired(REVISION), [line] if line else [], {"fake": one}, START - timedelta(seconds=1), ("fake",))


def test_gone_is_seen_by_whole_looks_since() -> None:
    nothing = index(wants=False)
    assert is_gone(nothing).end == ""
    assert is_gone(index(replace(OLD, phase=Phase.ENDED), wants=False)).end == ""
    assert is_gone(index(replace(OLD, phase=Phase.STOPPING), wants=False)).end is None
    assert is_gone(index(wants=False, complete=False)).end is None, "unknown is not absent"
    assert is_gone(index()).end is None, "the last turn still wanted it"
    assert is_gone(nothing, LINE).end is None, "the table still has it"
    assert gone("a", Desired(REVISION), [], {"fake": nothing}, LATER, ("fake",)).end is None, "an older look"
    assert gone("a", Desired(REVISION), [], {"fake": nothing}, START - timedelta(1), ("fake", "b")).end is None
    assert "brought it back" in (gone("a", DESIRED, [], {"fake": nothing}, START, ("fake",)).end or "")


def test_a_removal_that_is_held_says_why() -> None:
    held = replace(LINE, state=State.HELD, why="3 of 4 services would go")
    assert is_gone(index(OLD, wants=False), held).doubt == held.why
    assert is_gone(index(OLD, wants=False), replace(held, state=State.REMOVING)).doubt == ""
