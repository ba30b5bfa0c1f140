"""Following what happens over a real server: nothing is lost, nothing comes twice, nobody holds up anybody."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from reconciler.board import Board, Journal
from reconciler.models.health import Health
from reconciler.models.proposal import Accepted, Asked, Caller, Proposal, Role, Stop
from reconciler.models.status import ServiceStatus, SourceStatus, State, TargetStatus
from reconciler.settings import HttpSettings
from reconciler.shapes.events import EVENTS
from reconciler.web import PageServer, make_app
from reconciler.web.streams.following import Choice, Follower
from reconciler.web.streams.waking import Streams
from tests.e2e.world import until
from tests.fakes import START
from tests.samples import REVISION
from tests.web.reader import Reader, Told
from tests.web.test_pages import get

TARGET = TargetStatus("slurm", "slurm", reachable=True, looked=START)
HEALTHS = (Health.HEALTHY, Health.DEGRADED, Health.FAILED)
FREE = HttpSettings.model_validate({"limits": {"reads": 1_000_000}})


class Site:
    """A daemon's pages over a board."""

    def __init__(self, http: HttpSettings = FREE) -> None:
        self.board = Board()
        self.server = PageServer("127.0.0.1:0")
        self.app = make_app(self.board, lambda: START, ("slurm",), http=http)
        self.server.start(self.app)

    def post(self, *names: str, health: Health = Health.HEALTHY, why: str = "") -> None:
        lines = (ServiceStatus(name, "slurm", "web", State.RUNNING, health, START, why) for name in names)
        self.board.post_target(TARGET, tuple(lines))

    def turn(self, rounds: int, names: tuple[str, ...] = ("a",), why: str = "") -> None:
        """Post so many tables, each of which has other verdicts than the one before."""
        for number in range(rounds):
            self.post(*names, health=HEALTHS[number % 3], why=why)

    def open(self, query: str = "", headers: dict[str, str] | None = None, window: int = 0) -> Reader:
        return Reader(f"{self.server.address}/events{query}", headers, window)

    def watchers(self) -> int:
        return self.board.tallies().visits.watchers.get("events", 0)


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.server.close()


def shown(events: list[Told]) -> list[tuple[str, str]]:
    return [(one.event, one.data.get("service", "")) for one in events]


def test_the_whole_picture_comes_first_where_it_is_asked_for_then_what_happens(site: Site) -> None:
    site.board.post_source(SourceStatus(REVISION))
    site.post("a", "b")
    with site.open("?snapshot=true") as reader:
        assert reader.answer.headers["Content-Type"].startswith("text/event-stream")
        assert reader.answer.headers["Cache-Control"] == "no-store"
        events = reader.take(5)
        assert shown(events) == [("reset", ""), ("revision", ""), ("target", ""), ("service", "a"), ("service", "b")]
        assert events[0].data["events"] == 4
        assert [bool(one.id) for one in events] == [False, False, False, False, True]
        asked = Proposal(Stop("b"), Asked(Caller("ada", "token", Role.ADMIN)))
        site.board.post_proposal(asked, Accepted("b", "f" * 40, "main", "desired/b.yaml", "Stop b"), START)
        site.post("a", health=Health.DEGRADED)
        later = reader.take(3)
    assert shown(later) == [("proposal", "b"), ("service", "a"), ("removed", "b")]
    assert later[1].data["before"] == {"state": "Running", "health": "Healthy"}
    assert [one.number for one in later] == [events[-1].number + step for step in (1, 2, 3)]
    for one in (*events, *later):
        assert EVENTS.validate_python(one.data).kind == one.event


def test_who_is_cut_off_before_anything_happened_goes_on_from_there(site: Site) -> None:
    site.post("a")
    with site.open() as reader:
        place = next(reader.blocks()).id
    site.post("a", health=Health.FAILED)
    with site.open(headers={"Last-Event-ID": place}) as reader:
        assert shown(reader.take(1)) == [("service", "a")]
    with site.open(f"?after={place}") as reader:
        assert shown(reader.take(1)) == [("service", "a")]


def test_nothing_is_lost_and_nothing_comes_twice_while_thousands_are_posted(site: Site) -> None:
    site.post("a")
    names = tuple(f"s{number}" for number in range(10))
    poster = threading.Thread(target=site.turn, args=(400, names))
    numbers: list[int] = []
    with site.open() as reader:
        place = next(reader.blocks()).id
    first = int(place.rpartition("-")[2])
    poster.start()
    cuts = 0
    while poster.is_alive() or numbers[-1] < site.board.journal.last:
        with site.open(headers={"Last-Event-ID": place}) as reader:
            left = site.board.journal.last - (numbers[-1] if numbers else first)
            for event in reader.take(min(left, 37 + cuts * 41)):
                assert event.event != "reset"
                numbers.append(event.number)
                place = event.id
        cuts += 1
    poster.join()
    assert numbers == list(range(first + 1, site.board.journal.last + 1))
    assert len(numbers) > 3000
    assert cuts > 3


def rss() -> int:
    """Resident memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_500_watchers_are_cheap_and_all_are_told_everything(site: Site) -> None:
    names = tuple(f"s{number}" for number in range(20))
    site.post(*names)
    with ExitStack() as stack:
        before = rss()
        readers = [stack.enter_context(site.open()) for _ in range(500)]
        until("all of them watch", lambda: site.watchers() == 500)
        each = (rss() - before) / 500
        threads = threading.active_count()
        began = time.monotonic()
        site.turn(6, names)  # the first table is as it was
        assert time.monotonic() - began < 2, "those who watch hold up who posts"
        told = [reader.take(100) for reader in readers]
        seconds = time.monotonic() - began
    assert {tuple(one.id for one in events) for events in told} == {tuple(one.id for one in told[0])}
    assert threads < 60
    assert each < 250_000
    assert seconds < 60
    until("their places are free", lambda: site.watchers() == 0)
    gc.collect()


def test_who_does_not_read_holds_no_memory_and_begins_anew(site: Site) -> None:
    site.board.journal = Journal(most=300)
    site.post("a")
    with site.open(window=4096) as slow, site.open() as quick:
        assert next(slow.blocks()).id
        events = quick.events()
        before = rss()
        for _ in range(60):  # some 8 MB, more than the kernel keeps for a connection
            site.turn(150, why="w" * 600)
            while (one := next(events)).number < site.board.journal.last:
                assert one.event != "reset"
            time.sleep(0.03)  # posts that come together are told together
        assert rss() - before < 20_000_000
        seen = []
        for one in slow.events():
            seen.append(one)
            if one.id and seen[-4:][0].event == "reset":
                break
    *due, reset, _, _, last = seen
    assert [one.number for one in due] == list(range(due[0].number, due[0].number + len(due)))
    assert 100 < len(due) < 8000
    assert "forgotten" in reset.data["why"]
    assert shown(seen[-4:]) == [("reset", ""), ("revision", ""), ("target", ""), ("service", "a")]
    assert last.number == site.board.journal.last


@pytest.mark.parametrize(
    "place", ["0-1", "x", "-", "{epoch}-", "{epoch}--1", "{epoch}-99999", "{epoch}-²", "{epoch}-1"]
)
def test_where_it_cannot_go_on_it_says_so_and_tells_all(site: Site, place: str) -> None:
    site.board.journal = Journal(most=2)
    site.turn(6)
    with site.open() as reader:
        epoch = next(reader.blocks()).id.partition("-")[0]
    with site.open(headers={"Last-Event-ID": place.format(epoch=epoch).encode().decode("latin-1")}) as reader:
        reset, *rest = reader.take(4)
    assert reset.event == "reset"
    assert reset.data["why"]
    assert shown(rest) == [("revision", ""), ("target", ""), ("service", "a")]


@pytest.mark.parametrize(
    ("choice", "taken"),
    [
        (Choice(), "service removed revision target proposal"),
        (Choice(services=("ll*",)), "service removed proposal"),
        (Choice(services=("x", "other")), ""),
        (Choice(targets=("slurm",)), "service removed target"),
        (Choice(targets=("cloud",)), ""),
        (Choice(kinds=("removed", "revision")), "removed revision"),
        (Choice(("llama",), (), ("service", "revision")), "service revision"),
        (Choice(("llama",), ("slurm",), ("proposal", "target")), "target proposal"),
    ],
)
def test_what_a_choice_takes(choice: Choice, taken: str) -> None:
    about = {
        "service": ("llama", "slurm"),
        "removed": ("llama", "slurm"),
        "revision": (None, None),
        "target": (None, "slurm"),
        "proposal": ("llama", None),
    }
    assert " ".join(kind for kind, (service, target) in about.items() if choice.takes(kind, service, target)) == taken  # type: ignore[arg-type]  # all are kinds


def test_only_what_is_asked_for_is_told(site: Site) -> None:
    site.post("a", "bench-1", "bench-2")
    with site.open("?service=bench-*&kind=service&snapshot=true") as reader:
        assert shown(reader.take(3)) == [("reset", ""), ("service", "bench-1"), ("service", "bench-2")]
        site.post("a", "bench-1", health=Health.FAILED)
        assert shown(reader.take(1)) == [("service", "bench-1")]
    with site.open("?service=nobody&snapshot=true") as reader:
        (reset,) = reader.take(1)
    assert (reset.data["events"], reset.number) == (0, site.board.journal.last)


@pytest.mark.parametrize(
    "query", ["kind=all", "service=A", "service=../x", "target=%00", f"after={'x' * 200}", "snapshot=2"]
)
def test_a_question_that_makes_no_sense(site: Site, query: str) -> None:
    assert get(f"{site.server.address}/events?{query}")[0] == 422


def test_the_daemon_ends_in_time_with_watchers_and_their_streams_end_well() -> None:
    site = Site()
    with ExitStack() as stack:
        readers = [stack.enter_context(site.open()) for _ in range(50)]
        until("all of them watch", lambda: site.watchers() == 50)
        began = time.monotonic()
        site.server.close()
        assert time.monotonic() - began < 3
        for reader in readers:
            assert [one.event for one in reader.blocks()] == [""]  # to its end, which http.client checks
    assert site.watchers() == 0


def test_places_are_bounded_and_given_back() -> None:
    site = Site(HttpSettings.model_validate({"limits": {"watchers": 2}}))
    try:
        with site.open(), site.open():
            code, words = get(f"{site.server.address}/events")
            assert code == 429
            assert "http.limits.watchers" in words
        until("the places are free", lambda: site.watchers() == 0)
        until("one may come in", lambda: _status(site) == 200)
    finally:
        site.server.close()


def _status(site: Site) -> int:
    with site.open() as reader:
        return reader.answer.status


def test_a_comment_keeps_the_connection_and_moves_the_place_of_who_is_told_little() -> None:
    board = Board()
    follower = Follower(board, Streams(board), beat=0.05)

    async def first(number: int) -> list[bytes]:
        parts = follower.follow(Choice(services=("other",)), 0)
        found = [await anext(parts)]
        line = ServiceStatus("a", "slurm", "web", State.RUNNING, Health.HEALTHY, START, "")
        board.post_target(TARGET, (line,))
        found += [await anext(parts) for _ in range(number - 1)]
        await parts.aclose()
        return found

    greeting, moved, still = asyncio.run(first(3))
    assert greeting.startswith(b"retry: 2000\nid: ")
    assert moved.startswith(b": ")
    assert moved.endswith(b"-2\n\n")
    assert still == b": still here\n\n"
