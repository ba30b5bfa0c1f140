from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.health import judge
from reconciler.models.action import Hold, Plan
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, State
from reconciler.models.wanted import ResolvedService, Wanted
from reconciler.models.workload import Conflict, Observed, Phase
from tests.fakes import START, look, workload
from tests.samples import resolved


def status(
    wanted: Wanted,
    seen: Observed,
    *actions: Hold,
    errors: dict[str, str] | None = None,
    service: ResolvedService | None = None,
) -> ServiceStatus:
    (line,) = judge([(service or resolved("a"), wanted)], seen, Plan("fake", actions), errors or {}, {})
    return line


@pytest.mark.parametrize(
    ("seen", "state", "health"),
    [
        (look(), State.ABSENT, Health.PROGRESSING),
        (look(workload("a")), State.RUNNING, Health.HEALTHY),
        (look(workload("a", phase=Phase.PENDING, health=Health.PENDING)), State.PENDING, Health.PENDING),
        (look(workload("a", phase=Phase.STOPPING, health=Health.PROGRESSING)), State.STOPPING, Health.PROGRESSING),
        (look(workload("a", health=Health.DEGRADED)), State.RUNNING, Health.DEGRADED),
        (look(complete=False), State.UNKNOWN, Health.UNKNOWN),
    ],
)
def test_one_replica_speaks_for_its_service(seen: Observed, state: State, health: Health) -> None:
    line = status(Wanted("a", 1, "d1"), seen)
    assert (line.state, line.health) == (state, health)


def test_the_worst_replica_speaks_and_the_others_are_counted() -> None:
    seen = look(workload("a"), workload("a", replica=1, identity="2", health=Health.DEGRADED, reason="probe failed"))
    line = status(Wanted("a", 2, "d1"), seen)
    assert (line.health, line.ready, line.replicas, line.why) == (Health.DEGRADED, 1, 2, "replica 1: probe failed")


def test_a_starting_successor_does_not_spoil_a_healthy_service() -> None:
    seen = look(workload("a", "d0"), workload("a", identity="2", generation=1, health=Health.PROGRESSING))
    assert status(Wanted("a", 1, "d1"), seen).health is Health.HEALTHY


def test_a_failed_attempt_is_seen_with_its_reason_while_the_next_one_waits() -> None:
    ended = workload("a", phase=Phase.ENDED, health=Health.FAILED, reason="exit code 3")
    waiting = workload("a", identity="2", attempt=2, phase=Phase.PENDING, health=Health.PENDING, reason="begin time")
    line = status(Wanted("a", 1, "d1"), look(ended, waiting))
    assert line.health is Health.DEGRADED
    assert line.why == "attempt 2; after: exit code 3; begin time"


def test_what_waits_is_no_failure_and_what_cannot_start_is_one() -> None:
    line = status(Wanted("a", 1, "d1"), look(), Hold("a", "waits for db"))
    assert (line.state, line.health, line.why) == (State.HELD, Health.PENDING, "waits for db")
    line = status(Wanted("a", 1, "", blocked="no such port"), look(), Hold("a", "no such port"))
    assert (line.state, line.health, line.why) == (State.HELD, Health.FAILED, "no such port")
    line = status(Wanted("a", 1, "d1"), look(), errors={"a": "refused"})
    assert (line.state, line.health, line.why) == (State.HELD, Health.FAILED, "refused")


def test_an_error_is_shown_beside_what_goes_on_running() -> None:
    line = status(Wanted("a", 1, "d2"), look(workload("a")), errors={"a": "refused: no such partition"})
    assert line.state is State.RUNNING
    assert "no such partition" in line.why


def test_a_conflict_is_told_and_changes_nothing_else() -> None:
    seen = replace(look(workload("a")), conflicts=(Conflict("a", "job 7 has its name"), Conflict("b", "another")))
    line = status(Wanted("a", 1, "d1"), seen)
    assert (line.state, line.health, line.why) == (State.RUNNING, Health.HEALTHY, "job 7 has its name")


def test_suspended_stays_in_the_table() -> None:
    line = status(Wanted("a", 1, "d1", suspended="suspended in Git"), look())
    assert (line.state, line.health, line.why) == (State.SUSPENDED, Health.SUSPENDED, "suspended in Git")


def test_what_nobody_wants_any_more_stays_in_the_table_until_it_is_gone() -> None:
    seen = look(workload("old"))
    (held,) = judge([], seen, Plan("fake", (Hold("old", "needs leave"),)), {}, {})
    assert (held.state, held.why) == (State.HELD, "needs leave")
    (going,) = judge([], seen, Plan("fake"), {}, {})
    assert going.state is State.REMOVING
    assert judge([], look(workload("old", phase=Phase.ENDED)), Plan("fake"), {}, {}) == ()


def test_a_look_that_was_not_whole_leaves_what_was_known_in_the_table() -> None:
    seen = look(workload("a"), workload("old"))
    before = judge([(resolved("a"), Wanted("a", 1, "d1"))], seen, Plan("fake", (Hold("old", "needs leave"),)), {}, {})
    table = {line.service: replace(line, endpoints=(("http", "n1:1"),)) for line in before}
    unknown = judge([(resolved("a"), Wanted("a", 1, "d1"))], look(complete=False), Plan("fake"), {}, table)
    assert [(one.service, one.state, one.health, one.why) for one in unknown] == [
        ("a", State.UNKNOWN, Health.UNKNOWN, "cut"),
        ("old", State.UNKNOWN, Health.UNKNOWN, "cut"),
    ]
    assert [(one.revision, one.endpoints, one.ready) for one in unknown] == [("abc", (("http", "n1:1"),), 0)] * 2


def test_since_is_kept_while_the_state_is_the_same() -> None:
    wanted = Wanted("a", 1, "d1")
    (first,) = judge([(resolved("a"), wanted)], look(), Plan("fake"), {}, {})
    later = Observed("fake", START.replace(year=2027), complete=True)
    (second,) = judge([(resolved("a"), wanted)], later, Plan("fake"), {}, {"a": first})
    assert second.since == first.since


def test_the_order_of_concern() -> None:
    ranks = [health.rank for health in (Health.HEALTHY, Health.PENDING, Health.UNKNOWN, Health.FAILED)]
    assert ranks == sorted(ranks)
