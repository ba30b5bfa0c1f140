from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.health import judge
from reconciler.models.action import Hold, Plan
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, State
from reconciler.models.wanted import ResolvedService, Wanted
from reconciler.models.workload import Cause, Conflict, Observed, PendingClass, Phase, Workload
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


def pending(
    kind: PendingClass, reason: str, *, replica: int = 0, identity: str = "9", generation: int = 0, attempt: int = 0
) -> Workload:
    health = {PendingClass.HELD: Health.DEGRADED, PendingClass.BLOCKED: Health.FAILED}.get(kind, Health.PENDING)
    one = workload(
        "a",
        replica=replica,
        identity=identity,
        phase=Phase.PENDING,
        health=health,
        reason=reason,
        generation=generation,
        attempt=attempt,
    )
    return replace(one, pending=kind)


@pytest.mark.parametrize(
    ("kind", "reason", "state", "health", "why"),
    [
        (PendingClass.WAITING, "waiting: for licenses (Licenses)", State.PENDING, Health.PENDING, ""),
        (PendingClass.RESERVED, "its nodes are down", State.PENDING, Health.PENDING, "reserved: its nodes are down"),
        (PendingClass.HELD, "held: by an administrator", State.HELD, Health.DEGRADED, ""),
        (PendingClass.BLOCKED, "", State.HELD, Health.FAILED, "blocked for ever"),
    ],
)
def test_each_class_of_waiting_has_its_state(
    kind: PendingClass, reason: str, state: State, health: Health, why: str
) -> None:
    line = status(Wanted("a", 1, "d1"), look(pending(kind, reason)))
    assert (line.state, line.health, line.why, line.pending) == (state, health, why or reason, kind)


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (timedelta(seconds=75), "00:01:15 UTC"),
        (timedelta(hours=14, minutes=2), "14:02 UTC"),
        (timedelta(days=3), "2026-01-04 00:00 UTC"),
    ],
)
def test_an_expected_start_is_told_as_a_time(after: timedelta, said: str) -> None:
    waits = replace(pending(PendingClass.WAITING, "waiting: for free resources (Resources)"), expected=START + after)
    line = status(Wanted("a", 1, "d1"), look(waits))
    assert line.why == f"waiting: for free resources (Resources); expected to start at {said}"
    assert line.expected == START + after


def test_a_backoff_says_when_the_next_attempt_begins_and_what_failed() -> None:
    ended = replace(
        workload("a", phase=Phase.ENDED, health=Health.FAILED, reason="exit code 1; log: a.0-1.out"), cause=Cause.EXIT
    )
    waits = pending(PendingClass.WAITING, "waiting: for its begin time (BeginTime)", attempt=3)
    line = status(Wanted("a", 1, "d1"), look(ended, replace(waits, expected=START + timedelta(seconds=9))))
    assert line.why == (
        "crash loop: attempt 3 begins at 00:00:09 UTC; after: exit code 1; log: a.0-1.out; "
        "waiting: for its begin time (BeginTime)"
    )
    assert (line.attempt, line.ended, line.state, line.health) == (3, Cause.EXIT, State.PENDING, Health.DEGRADED)


def test_the_replica_that_is_furthest_behind_tells_what_is_waited_for() -> None:
    loads = [
        workload("a"),
        replace(pending(PendingClass.WAITING, "", replica=1, identity="2"), expected=START),
        replace(pending(PendingClass.RESERVED, "", replica=2, identity="3"), expected=START + timedelta(hours=2)),
        replace(pending(PendingClass.RESERVED, "", replica=3, identity="4"), expected=START + timedelta(hours=1)),
    ]
    line = status(Wanted("a", 4, "d1"), look(*loads))
    assert (line.pending, line.expected) == (PendingClass.RESERVED, START + timedelta(hours=2))


def served(port: int, **more: object) -> Workload:
    """A running workload that listens on a port, of which the number is its id."""
    one = workload("a", **{"identity": str(port), **more})
    return replace(one, endpoints=(("http", f"n1:{port}"),))


@pytest.mark.parametrize(
    ("loads", "ports"),
    [
        ([served(1), served(2, generation=1, health=Health.PROGRESSING)], [1]),
        ([served(1), served(2, generation=1)], [2]),
        ([served(1, health=Health.DEGRADED), served(2, generation=1, health=Health.PROGRESSING)], [2]),
        ([served(1), served(2, generation=1, phase=Phase.STOPPING)], [1]),
        ([served(1), served(2, replica=1), served(3, replica=1, generation=1)], [1, 3]),
        ([served(1), served(5, replica=5)], [1]),
    ],
)
def test_the_endpoint_moves_in_one_step(loads: list[Workload], ports: list[int]) -> None:
    line = status(Wanted("a", 2, "d1"), look(*loads))
    assert line.endpoints == tuple(("http", f"n1:{port}") for port in ports)
    assert line.ready <= 2


def test_a_renewal_under_way_is_told_beside_what_runs() -> None:
    old = workload("a", deadline=START + timedelta(hours=1))
    new = pending(PendingClass.WAITING, "waiting: for free resources (Resources)", identity="2", generation=1)
    line = status(Wanted("a", 1, "d1"), look(old, new))
    assert (line.state, line.health, line.pending, line.generation) == (State.RUNNING, Health.HEALTHY, None, 1)
    assert line.deadline == START + timedelta(hours=1)
    assert line.why == (
        "its successor 2: waiting: for free resources (Resources); the time limit of 1 is reached at 01:00 UTC"
    )


def test_a_roll_out_says_how_far_it_is() -> None:
    loads = [
        workload("a", "d2", identity="1", generation=1),
        workload("a", "d1", replica=1, identity="2"),
        workload("a", "d2", replica=1, identity="3", generation=1, health=Health.PROGRESSING, reason="starting"),
        workload("a", "d1", replica=2, identity="4"),
    ]
    line = status(Wanted("a", 3, "d2", surge=1), look(*loads))
    assert line.why == "1 of 3 replicas have the new content; replica 1: its successor 3: starting"
    assert (line.health, line.ready) == (Health.HEALTHY, 3)
    assert "still with its old content" in status(Wanted("a", 1, "d2"), look(workload("a"))).why
    assert status(Wanted("a", 1, "d2", in_place=True), look(workload("a"))).why == ""


def test_a_roll_out_that_fails_says_so_beside_what_goes_on() -> None:
    ended = workload("a", "d2", identity="2", phase=Phase.ENDED, health=Health.FAILED, reason="exit code 7")
    again = pending(PendingClass.WAITING, "waiting: for its begin time (BeginTime)", generation=2, attempt=2)
    again = replace(again, mark=replace(again.mark, digest="d2"), expected=START + timedelta(seconds=5))
    old = workload("a", deadline=START + timedelta(hours=1))
    line = status(Wanted("a", 1, "d2", surge=1), look(old, ended, again))
    assert line.why == (
        "still with its old content; its successor 9: attempt 2 begins at 00:00:05 UTC; after: exit code 7; "
        "waiting: for its begin time (BeginTime)"
    )
    assert (line.health, line.attempt) == (Health.HEALTHY, 2)


def test_a_new_time_limit_that_holds_later_is_told() -> None:
    runs = replace(workload("a"), limit=timedelta(hours=4))
    line = status(Wanted("a", 1, "d1", limit=8 * 3600), look(runs))
    assert line.why == "1 has a time limit of 4h; 8h holds from the next job on"
    assert status(Wanted("a", 1, "d1", limit=4 * 3600 - 30), look(runs)).why == "", "Slurm rounds up to minutes"


def test_many_notes_are_counted() -> None:
    loads = [replace(workload("a", replica=number, identity=str(number)), marked=False) for number in range(5)]
    line = status(Wanted("a", 5, "d1"), look(*loads))
    assert line.why.startswith("replica 0: the mark of 0 was damaged by hand and is written again; replica 1: ")
    assert line.why.endswith("; and 2 more of this kind")


def test_the_last_end_is_known_after_the_platform_forgot_it() -> None:
    wanted, service = Wanted("a", 1, "d1"), resolved("a")
    ended = replace(workload("a", phase=Phase.ENDED, health=Health.FAILED), cause=Cause.MEMORY)
    (first,) = judge([(service, wanted)], look(ended), Plan("fake"), {}, {})
    (second,) = judge([(service, wanted)], look(workload("a", identity="2")), Plan("fake"), {}, {"a": first})
    assert (first.ended, second.ended) == (Cause.MEMORY, Cause.MEMORY)


def test_a_replica_that_is_healthy_again_counts_no_attempts() -> None:
    line = status(Wanted("a", 1, "d1"), look(workload("a", attempt=4)))
    assert line.attempt == 0
    line = status(Wanted("a", 1, "d1"), look(workload("a", attempt=4, health=Health.PROGRESSING)))
    assert line.attempt == 4
