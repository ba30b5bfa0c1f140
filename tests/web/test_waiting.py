"""Answers that go on until it is so: with a real turn, on a platform over a dict, behind a real server."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from reconciler.board import Board
from reconciler.desired.load import Desired
from reconciler.errors import RefusedError
from reconciler.metrics import utc_now
from reconciler.models.health import Health
from reconciler.models.proposal import Accepted, Proposal
from reconciler.models.revision import Revision
from reconciler.models.status import SourceStatus
from reconciler.models.wanted import ResolvedService
from reconciler.proposals import ServerService
from reconciler.proposals.waiting import Standing
from reconciler.turn import Turn, World
from reconciler.web.streams.waking import Streams
from reconciler.web.writes.waiting import Waiting, Wish, _Watch
from tests.e2e.world import until
from tests.fakes import FakePlatform
from tests.samples import REVISION, resolved
from tests.turn.test_turn import TARGET, Past
from tests.web.desk import USUAL, as_, desk

Event = tuple[str, dict[str, Any]]


class Room:
    """A target with its turn, a desired state in force, and the pages."""

    def __init__(self) -> None:
        self.platform = FakePlatform(now=utc_now())
        self.board = Board()
        world = World("fake", TARGET, self.platform, self.platform, lambda: "")
        self._turn = Turn(world, "owner", 1.0, self.board, lambda: self.platform.now)
        self.desired: Desired | None = None
        self.commits: list[str] = []
        self.force(commit=False)

    def force(self, *services: ResolvedService, commit: bool = True, **desired: Any) -> str:
        """Another revision is in force, after a commit."""
        revision = Revision(f"{(len(self.commits) + 1) * commit:040x}", "Ada", "A commit", utc_now())
        if commit:
            self.commits.append(revision.sha)
        self.desired = Desired(revision, {one.name: one for one in services}, **desired)
        self.board.post_source(SourceStatus(revision, fetched=utc_now()))
        return revision.sha

    def turn(self, times: int = 1) -> None:
        for _ in range(times):
            self.platform.now = utc_now()
            assert self.desired is not None
            self._turn.run(self.desired, Past("a", "b", message="Reconciler-Allow-Removals: all"))

    def ill(self, health: Health, reason: str) -> None:
        """All that runs is so from now on."""
        loads = self.platform.workloads
        self.platform.workloads = {name: replace(one, health=health, reason=reason) for name, one in loads.items()}

    def propose(self, proposal: Proposal) -> Accepted:
        """The commit that is next in force."""
        return Accepted(proposal.request.name, f"{len(self.commits) + 1:040x}", "main", "desired/a.yaml", "Subject")

    def close(self) -> None:
        self._turn.close()


@pytest.fixture
def room() -> Iterator[Room]:
    made = Room()
    yield made
    made.close()


@contextmanager
def waiting(room: Room, method: str, path: str, **more: Any) -> Iterator[Future[list[Event]]]:
    """Ask, and gather the events of the answer meanwhile; the block goes on when the first of them is there."""
    begun = threading.Event()

    def gather(url: httpx.URL) -> list[Event]:
        with (
            httpx.Client(base_url=url, headers=as_("admin"), timeout=60, trust_env=False) as client,
            client.stream(method, path, **more) as answer,
        ):
            assert answer.status_code in {200, 202}, answer.read()
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = []
            for line in answer.iter_lines():
                begun.set()
                lines.append(line)
        return events(lines)

    has = room.commits.__contains__
    with (
        ThreadPoolExecutor(1) as pool,
        desk(room.propose, room.board, lambda: room.desired, has, targets=("fake",)) as client,
    ):
        result = pool.submit(gather, client.base_url)
        until("the answer begins", lambda: begun.is_set() or result.done(), 30)
        yield result


def events(lines: list[str]) -> list[Event]:
    kinds = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    datas = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    return list(zip(kinds, datas, strict=True))


def done(result: Future[list[Event]]) -> dict[str, Any]:
    """The last event."""
    kind, data = result.result(60)[-1]
    assert kind == "done"
    return data


START = {"recipe_name": "web", "name": "a"}


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
