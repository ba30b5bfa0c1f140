"""What happened lately: nothing is lost, nothing comes twice, and it never grows without end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import replace

import pytest

from reconciler.board import Board, Journal
from reconciler.errors import Complaint
from reconciler.models.event import Event, InForce, Proposed, Reached, Turned, Vanished, What
from reconciler.models.health import Health
from reconciler.models.proposal import Accepted, Asked, Caller, Proposal, Role, Stop
from reconciler.models.status import ServiceStatus, SourceStatus, State, TargetStatus
from tests.fakes import START
from tests.samples import REVISION

TARGET = TargetStatus("slurm", "slurm", reachable=True, looked=START)


def line(name: str = "a", health: Health = Health.HEALTHY, **more: object) -> ServiceStatus:
    return replace(ServiceStatus(name, "slurm", "web", State.RUNNING, health, START, ""), **more)


def told(board: Board, after: int = 0) -> list[What]:
    found = board.journal.since(after)
    assert found is not None
    return [one.what for one in found]


def vanished(number: int) -> list[What]:
    return [Vanished(f"s{number}", "slurm", (State.RUNNING, Health.HEALTHY))]


def test_what_changes_in_a_table_is_told_and_nothing_else() -> None:
    board = Board()
    board.post_target(TARGET, (line(), line("b")))
    assert [type(one) for one in told(board)] == [Reached, Turned, Turned]
    before = board.journal.last
    board.post_target(TARGET, (line(why="in other words"), line("b", health=Health.DEGRADED)))
    (turned,) = told(board, before)
    assert isinstance(turned, Turned)
    assert (turned.line.service, turned.before, turned.after) == (
        "b",
        (State.RUNNING, Health.HEALTHY),
        (State.RUNNING, Health.DEGRADED),
    )
    before = board.journal.last
    board.post_target(TARGET, (line(revision="0123456789ab"),))
    again, gone = told(board, before)
    assert isinstance(again, Turned)
    assert again.before == again.after
    assert gone == Vanished("b", "slurm", (State.RUNNING, Health.DEGRADED))


def test_a_target_is_told_of_when_it_is_lost_and_when_somebody_else_leads() -> None:
    board = Board()
    board.post_target(TARGET, ())
    before = board.journal.last
    for why in ("squeue does not answer", "squeue does not answer for 7 s"):
        board.post_target(replace(TARGET, reachable=False, why=why), ())
    board.post_target(replace(TARGET, leads=False, leader="other"), ())
    lost, led = told(board, before)
    assert isinstance(lost, Reached)
    assert isinstance(led, Reached)
    assert (lost.reachable, lost.why, led.reachable, led.leader) == (False, "squeue does not answer", True, "other")


def test_the_revision_in_force_and_what_is_wrong_with_it() -> None:
    board = Board()
    board.post_source(SourceStatus(REVISION))
    board.post_source(SourceStatus(REVISION, seconds=3.0))
    board.post_source(SourceStatus(REVISION, "cannot be reached"))
    board.post_source(SourceStatus(REVISION, "", (Complaint("a.yaml", 1, 1, "spec", "wrong"),)))
    found = [(one.sha, one.error, one.complaints) for one in told(board) if isinstance(one, InForce)]
    assert found == [(REVISION.sha, "", 0), (REVISION.sha, "cannot be reached", 0), (REVISION.sha, "", 1)]


def test_a_service_that_only_git_knows_comes_and_goes() -> None:
    board = Board()
    board.post_source(SourceStatus(REVISION, held={"bad": "its file is bad"}))
    _, came = told(board)
    assert isinstance(came, Turned)
    assert (came.line.service, came.line.target, came.before) == ("bad", "", None)
    assert board.find("bad") == board.status().services == (came.line,)
    board.post_target(TARGET, (line("bad"),))
    assert Vanished("bad", "", (State.HELD, Health.FAILED)) in told(board)
    assert board.find("bad") == (line("bad"),)
    assert board.find("nobody") == ()


def test_a_proposal_is_told_of() -> None:
    board = Board()
    caller = Caller("ada", "token", Role.ADMIN)
    accepted = Accepted("a", "f" * 40, "main", "desired/a.yaml", "Stop a")
    board.post_proposal(Proposal(Stop("a"), Asked(caller)), accepted, START)
    assert told(board) == [Proposed("stop", caller, accepted)]


def test_the_ring_is_bounded_by_number_and_by_size() -> None:
    journal = Journal(most=10)
    for number in range(25):
        journal.add(vanished(number), START)
    assert (journal.first, journal.last) == (16, 25)
    assert journal.since(14) is None
    assert journal.since(26) is None
    kept = journal.since(15, most=3)
    assert kept is not None
    assert [one.number for one in kept] == [16, 17, 18]
    assert journal.since(25) == ()

    small = Journal(size=100_000)
    for _ in range(1000):
        small.add([Turned(line(why="w" * 500), None)], START)
    assert small.last - small.first + 1 < 100


def test_old_events_keep_little_alive() -> None:
    board = Board()
    board.post_target(TARGET, (line(labels={"x": "y" * 10_000}, why="w" * 10_000),))
    turned = told(board)[-1]
    assert isinstance(turned, Turned)
    assert len(turned.line.why) == 500
    assert not turned.line.labels


def follow(board: Board, after: int, until: threading.Event) -> list[Event]:
    """Everything after a number, as one who polls sees it."""
    found: list[Event] = []
    while True:
        ending = until.is_set()
        batch = board.journal.since(found[-1].number if found else after, most=7)
        assert batch is not None
        found += batch
        if ending and not batch:
            return found


def replayed(lines: Iterable[ServiceStatus], events: Iterable[Event]) -> dict[str, Health]:
    """A table as one knows it who began with these lines and heard of these events."""
    table = {one.service: one.health for one in lines}
    for event in events:
        match event.what:
            case Turned(line=one):
                table[one.service] = one.health
            case Vanished(service=name):
                del table[name]
            case _:
                pass
    return table


def post_tables(board: Board, target: str, seed: int) -> None:
    """Hundreds of tables in which services come, go and change."""
    healths = (Health.HEALTHY, Health.DEGRADED, Health.FAILED)
    for turn in range(400):
        numbers = [number for number in range(6) if (turn * seed + number) % 5]
        table = (line(f"{target}-{number}", healths[(turn * number) % 3], target=target) for number in numbers)
        board.post_target(replace(TARGET, target=target), tuple(table))


def watch(board: Board, ends: threading.Event, failures: list[str]) -> None:
    """Begin now, follow until all have ended, and say what is other than on the board."""
    moment = board.moment()
    found = follow(board, moment.number, ends)
    if [one.number for one in found] != list(range(moment.number + 1, board.journal.last + 1)):
        failures.append("numbers")
    if replayed(moment.status.services, found) != {one.service: one.health for one in board.status().services}:
        failures.append("table")


def test_who_begins_at_any_moment_ends_with_the_same_table_while_threads_post() -> None:
    board, ends = Board(), threading.Event()
    failures: list[str] = []
    watchers = [threading.Thread(target=watch, args=(board, ends, failures)) for _ in range(4)]
    posters = [threading.Thread(target=post_tables, args=(board, f"t{seed}", seed)) for seed in (1, 2, 3)]
    for thread in (*posters[:1], *watchers[:2], *posters[1:]):
        thread.start()
    time.sleep(0.05)
    for thread in watchers[2:]:
        thread.start()
    for thread in posters:
        thread.join()
    ends.set()
    for thread in watchers:
        thread.join()
    assert failures == []
    assert board.journal.last > 3000


@pytest.mark.parametrize("what", ["source", "target", "proposal"])
def test_every_post_rings_and_makes_another_version(what: str) -> None:
    board = Board()
    rung: list[int] = []

    def bell() -> None:
        rung.append(board.version)

    end, other = board.subscribe(bell), board.subscribe(bell)
    asked = Proposal(Stop("a"), Asked(Caller("ada", "token", Role.ADMIN)))
    posts = {
        "source": lambda: board.post_source(SourceStatus(REVISION)),
        "target": lambda: board.post_target(TARGET, (line(),)),
        "proposal": lambda: board.post_proposal(asked, Accepted("a", "f", "main", "a.yaml", "Stop a"), START),
    }
    posts[what]()
    assert rung == [1, 1]
    end()
    posts[what]()
    assert rung == [1, 1, 2]
    other()
    posts[what]()
    assert rung == [1, 1, 2]


def test_the_status_is_made_once_for_each_table() -> None:
    board = Board()
    board.post_target(TARGET, (line("b"), line("a")))
    first = board.status()
    assert board.status() is first
    assert board.changes() is board.changes()
    board.post_target(TARGET, (line("a"),))
    assert board.status() is not first
    assert [one.service for one in board.status().services] == ["a"]
    assert board.changes().keys() == {("a", "slurm")}
