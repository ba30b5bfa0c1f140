"""Answers that go on until it is gone, and how they end: with a review, with their reader, with the daemon."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from reconciler.errors import RefusedError
from tests.e2e.world import until
from tests.samples import resolved
from tests.web.desk import as_, desk
from tests.web.waiters import START, Event, Room, done, events, waiting


@pytest.fixture
def room() -> Iterator[Room]:
    made = Room()
    yield made
    made.close()


def test_gone_is_when_nothing_is_left(room: Room) -> None:
    room.force(resolved("a"), resolved("b"))
    room.turn(2)
    with waiting(room, "DELETE", "/services/a?wait=gone") as result:
        room.turn()
        room.platform.deny["a"] = RefusedError("scancel: not now")
        room.force(resolved("b"))
        room.turn(2)
        time.sleep(0.3)
        assert not result.done(), "it is still there"
        room.platform.deny.clear()
        room.platform.workloads = {key: one for key, one in room.platform.workloads.items() if one.mark.service == "b"}
        room.turn(2)
        told = done(result)
    assert told == {"service": "a", "until": "gone", "reached": True, "gone": True, "why": ""}


def test_gone_is_not_when_the_look_is_not_whole(room: Room) -> None:
    room.force(resolved("a"), resolved("b"))
    room.turn(2)
    with waiting(room, "DELETE", "/services/a?wait=gone&timeout=2s") as result:
        room.platform.broken = "squeue: no answer"
        room.force(resolved("b"))
        room.turn(2)
        told = done(result)
    assert told["gone"] is False
    assert "squeue: no answer" in told["why"]


def test_gone_is_told_by_a_look_since_then_also_when_the_clock_is_set_back(room: Room) -> None:
    room.force()
    room.turn(2)
    room.wrong = -timedelta(hours=1)  # the looks until now are of the future
    with waiting(room, "DELETE", "/services/a?wait=gone") as result:
        room.force()
        time.sleep(0.3)
        assert not result.done(), "no look was taken since"
        room.wrong = -timedelta(hours=2)  # it came into force in the future
        room.turn()
        assert done(result)["gone"] is True


def test_one_that_is_wanted_again_is_not_gone(room: Room) -> None:
    room.force(resolved("a"))
    with waiting(room, "DELETE", "/services/a?wait=gone") as result:
        room.force(resolved("a"))
        assert "another commit brought it back" in done(result)["why"]


def test_one_that_was_never_started_is_gone_after_a_look(room: Room) -> None:
    room.force(resolved("a"))
    with waiting(room, "DELETE", "/services/a?wait=gone") as result:
        room.force()
        time.sleep(0.3)
        assert not result.done(), "a turn under way may still start it"
        room.turn()
        assert done(result)["gone"]


def test_a_revision_that_comes_while_the_commit_is_looked_up_counts(room: Room) -> None:
    """The one before it has no such service, which must not look as if somebody had removed it."""

    def look_up(commit: str) -> bool:
        if not room.commits:
            room.force(resolved("a"))
        return commit in room.commits

    with desk(room.propose, room.board, lambda: room.desired, look_up) as client, ThreadPoolExecutor(1) as pool:
        result = pool.submit(client.post, "/services?wait=healthy", json=START, headers=as_("admin"))
        until("it was looked up", lambda: bool(room.commits))
        time.sleep(0.3)
        assert not result.done()
        room.turn(2)
        assert '"reached":true' in result.result(60).text


def test_waiting_without_a_change(room: Room) -> None:
    room.force(resolved("a"))
    room.turn(2)
    path = "/services/a/wait"
    with waiting(room, "GET", path) as result:
        assert [kind for kind, _ in result.result(60)] == ["verdict", "done"]
    with waiting(room, "GET", path, params={"commit": room.commits[0]}) as result:
        assert done(result)["healthy"]
    with waiting(room, "GET", path, params={"commit": "f" * 40, "timeout": "1s"}) as result:
        assert done(result)["why"] == f"not healthy within 1s: commit {'f' * 12} is not in force yet"
    with desk(room.propose, room.board, lambda: room.desired) as client:
        missing = client.get("/services/ab/wait", headers=as_("read"))
        wrong = client.get(path, headers=as_("read"), params={"timeout": "never"})
    assert (missing.status_code, wrong.status_code) == (404, 422)


def test_who_waits_for_a_review_is_told_at_once(room: Room) -> None:
    made = room.propose
    room.propose = lambda proposal: replace(made(proposal), review=True)  # type: ignore[method-assign]
    with waiting(room, "POST", "/services?wait=healthy", json=START) as result:
        assert "review" in done(result)["why"]


def test_many_wait_and_those_who_go_away_are_forgotten(room: Room) -> None:
    def watchers() -> float:
        return sum(room.board.tallies().visits.watchers.values())

    with desk(room.propose, room.board, lambda: room.desired, room.commits.__contains__) as client:

        def gather(_: int) -> list[Event]:
            with (
                httpx.Client(base_url=client.base_url, headers=as_("admin"), timeout=60, trust_env=False) as one,
                one.stream("POST", "/services?wait=healthy", json=START) as answer,
            ):
                return events(list(answer.iter_lines()))

        with client.stream("POST", "/services?wait=healthy", json=START, headers=as_("admin")) as answer:
            lines = answer.iter_lines()
            next(lines)
            until("it waits", lambda: watchers() == 1)
        until("it has gone away", lambda: watchers() == 0)
        with ThreadPoolExecutor(30) as pool:
            results = [pool.submit(gather, number) for number in range(30)]
            until("all wait", lambda: watchers() == 30, 60)
            room.force(resolved("a"))
            room.turn(2)
            assert all(result.result(60)[-1][1]["healthy"] for result in results)
    assert watchers() == 0


def test_when_the_daemon_stops_the_answer_ends_without_a_verdict(room: Room) -> None:
    with waiting(room, "POST", "/services?wait=healthy", json=START) as result:
        pass
    assert [kind for kind, _ in result.result(60)] == ["accepted", "verdict"]
