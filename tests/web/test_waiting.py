"""Answers that go on until it is healthy: with a real turn, on a platform over a dict, behind a real server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import RefusedError
from reconciler.metrics import utc_now
from reconciler.models.health import Health
from reconciler.models.status import SourceStatus
from reconciler.proposals import ServerService
from reconciler.proposals.waiting import Standing
from reconciler.web.streams.waking import Streams
from reconciler.web.writes.waiting import Waiting, Wish, _Watch
from tests.samples import REVISION, resolved
from tests.web.desk import USUAL
from tests.web.waiters import START, Room, done, events, waiting


@pytest.fixture
def room() -> Iterator[Room]:
    made = Room()
    yield made
    made.close()


def test_it_is_healthy_once_its_own_commit_runs(room: Room) -> None:
    with waiting(room, "POST", "/services?wait=healthy", json=START) as result:
        room.turn()
        room.force(resolved("a"))
        room.turn(2)
        found = result.result(60)
    assert [kind for kind, _ in found[:2]] == ["accepted", "verdict"]
    assert found[0][1]["commit"] == room.commits[0]
    assert found[1][1]["why"] == f"commit {room.commits[0][:12]} is not in force yet"
    assert found[-1] == ("done", {"service": "a", "until": "healthy", "reached": True, "healthy": True, "why": ""})
    last = [data for kind, data in found if kind == "verdict"][-1]
    assert (last["state"], last["health"], last["taken"], last["target"]) == ("Running", "Healthy", True, "fake")


def test_what_ran_before_does_not_count(room: Room) -> None:
    """It is healthy all the time; the answer comes when what was asked for is, and not before."""
    room.force(resolved("a"))
    room.turn(2)
    with waiting(room, "PATCH", "/services/a?wait=healthy", json={"labels": {}}) as result:
        room.turn()
        assert not result.done()
        room.force(resolved("a", restart="now"))
        time.sleep(0.3)
        assert not result.done(), "no turn has come to it"
        old = [*room.platform.workloads]
        room.turn(1)
        time.sleep(0.3)
        assert not result.done(), "the old one still runs"
        room.turn(2)
        assert done(result)["healthy"]
    assert old[0] not in room.platform.workloads


def test_what_is_never_healthy_says_why(room: Room) -> None:
    with waiting(room, "POST", "/services?wait=healthy&timeout=2s", json=START) as result:
        room.force(resolved("a"))
        room.turn()
        room.ill(Health.PROGRESSING, "loads its model")
        room.turn(2)
        told = done(result)
    assert told == {
        "service": "a",
        "until": "healthy",
        "reached": False,
        "healthy": False,
        "why": "not healthy within 2s: loads its model",
    }


def test_what_fails_and_goes_on_failing_ends_the_wait(room: Room) -> None:
    room.platform.refuse["a"] = RefusedError("sbatch: invalid partition")
    room.force(resolved("a"))
    room.turn(2)
    service = ServerService(room.board, lambda: room.desired, room.propose, USUAL)
    one = Waiting(room.board, service, Streams(room.board), utc_now, ("fake",), patience=0.5)

    async def gather() -> list[str]:
        wish = Wish("a", "healthy", 300, room.commits[0])
        return [part.decode() async for part in one.follow(wish)]

    began = time.monotonic()
    told = "".join(asyncio.run(gather())).splitlines()
    assert 0.5 <= time.monotonic() - began < 60
    last = events(told)[-1][1]
    assert (last["healthy"], "invalid partition" in last["why"]) == (False, True)


def test_the_time_of_a_failure_begins_anew_when_it_was_mended() -> None:
    watch, bad = _Watch(Wish("a", "healthy", 300), utc_now(), time.monotonic() + 300), Standing(None, doubt="bad")
    watch.see(bad, "", "", 0.2)
    watch.see(Standing(None), "", "", 0.2)
    time.sleep(0.25)
    watch.see(bad, "", "", 0.2)
    assert watch.goes_on()
    time.sleep(0.25)
    watch.see(bad, "", "", 0.2)
    assert watch.end == "bad"


def test_what_fails_and_is_mended_in_time_is_healthy(room: Room) -> None:
    with waiting(room, "POST", "/services?wait=healthy&timeout=5m", json=START) as result:
        room.force(resolved("a"))
        room.turn()
        room.ill(Health.FAILED, "exit code 1")
        room.turn()
        time.sleep(0.5)
        assert not result.done()
        room.ill(Health.HEALTHY, "")
        room.turn()
        assert done(result)["healthy"]


@pytest.mark.parametrize(
    ("then", "words"),
    [
        (lambda room: room.force(), "another commit removed it"),
        (lambda room: room.force(held={"a": "no version of it was ever good"}), "no version of it was ever good"),
        (
            lambda room: room.force(replace(resolved("a"), frozen="desired/a.yaml:3: x")),
            "not valid: desired/a.yaml:3: x",
        ),
        (lambda room: (room.force(resolved("a", suspend=True)), room.turn()), "suspend"),
    ],
    ids=["removed", "held", "frozen", "suspended"],
)
def test_what_a_later_commit_takes_away_ends_the_wait(room: Room, then: Callable[[Room], Any], words: str) -> None:
    with waiting(room, "POST", "/services?wait=healthy&timeout=5m", json=START) as result:
        room.force(resolved("a"))
        then(room)
        told = done(result)
    assert told["reached"] is False
    assert words in told["why"]


def test_a_head_that_is_refused_ends_the_wait(room: Room) -> None:
    source = SourceStatus(REVISION, "not signed by anybody trusted", fetched=utc_now(), verified=False)
    room.board.post_source(source)
    with waiting(room, "POST", "/services?wait=healthy&timeout=5m", json=START) as result:
        time.sleep(0.3)
        assert not result.done(), "that was said of the head before"
        room.board.post_source(replace(source, fetched=utc_now()))
        assert done(result)["why"] == "not signed by anybody trusted"


def test_a_repository_that_is_away_only_keeps_waiting(room: Room) -> None:
    with waiting(room, "POST", "/services?wait=healthy&timeout=5m", json=START) as result:
        room.board.post_source(SourceStatus(REVISION, "no route to host", fetched=utc_now()))
        time.sleep(0.3)
        assert not result.done()
        room.force(resolved("a"))
        room.turn(2)
        found = result.result(60)
    assert any("no route to host" in data.get("why", "") for kind, data in found if kind == "verdict")
    assert found[-1][1]["healthy"]
