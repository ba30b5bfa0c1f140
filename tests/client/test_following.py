"""Streams: none is lost and none told twice, whatever breaks; waiting, which ends in words."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest

from reconciler.client import ApiError, Client, NoAnswerError
from reconciler.metrics import utc_now
from reconciler.models.health import Health
from reconciler.shapes.events import ProposalEvent, ResetEvent, ServiceEvent
from reconciler.shapes.logs import LogEndShape, LogLineShape, LogNoteShape
from reconciler.shapes.waiting import DoneShape, StandingShape
from tests.client.place import place
from tests.client.scripted import Answer, scripted
from tests.client.test_again import problem

STREAM = "text/event-stream"


def block(number: int, name: str = "a") -> str:
    data = ServiceEvent(
        at=utc_now(),
        service=name,
        target="slurm",
        recipe="web",
        state="Running",
        health="Healthy",
        revision="",
        replicas=1,
        ready=1,
        endpoints={},
    )
    return f"event: service\nid: 0a1b-{number}\ndata: {data.model_dump_json()}\n\n"


def test_events_go_on_where_they_broke() -> None:
    torn = block(3)
    answers = [
        Answer(body=": hello\nretry: 2000\n\n" + block(1) + block(2) + torn[: len(torn) // 2], kind=STREAM, cut=True),
        problem(503),
        Answer(0),
        Answer(body=torn + "id: 0a1b-7\n\n", kind=STREAM),  # others, which were not asked for, moved the place
        Answer(body="event: novelty\nid: 0a1b-8\ndata: {}\n\n" + block(9), kind=STREAM),
    ]
    with scripted(*answers) as there, Client(there.url, patience=60) as client:
        told = list(islice(client.events("0a1b-0", service=["a", "b-*"], kind=["service"]), 4))
    assert [one.id for one in told] == [f"0a1b-{number}" for number in (1, 2, 3, 9)]
    assert [one.headers.get("Last-Event-ID", one.headers.get("last-event-id")) for one in there.asked] == [
        f"0a1b-{number}" for number in (0, 2, 2, 2, 7)
    ]
    assert {one.path for one in there.asked} == {"/events?service=a&service=b-%2A&kind=service"}


@pytest.mark.parametrize("answer", [problem(403, "stop"), Answer(body="{}"), Answer(404, "<html>", "text/html")])
def test_what_will_not_pass_ends_the_events(answer: Answer) -> None:
    with scripted(answer) as there, Client(there.url) as client, pytest.raises(ApiError):
        next(client.events())
    assert len(there.asked) == 1


@pytest.mark.parametrize("answer", [Answer(body=": nothing\n\n", kind=STREAM), Answer(0), problem(503)])
def test_patience_with_a_stream_ends(answer: Answer) -> None:
    with scripted(answer) as there, Client(there.url, patience=1) as client:
        with pytest.raises((ApiError, NoAnswerError)):
            next(client.events())
        assert 1 < len(there.asked) < 6


def test_an_event_of_something_else_is_no_event() -> None:
    answer = Answer(body='event: service\nid: 1-1\ndata: {"kind": 3}\n\n', kind=STREAM)
    with scripted(answer) as there, Client(there.url) as client, pytest.raises(NoAnswerError, match="none of a Recon"):
        next(client.events())


def test_the_events_of_a_daemon_that_is_started_anew(tmp_path: Path) -> None:
    with place(tmp_path) as first:
        address = first.address.removeprefix("http://")
        client = Client(first.address, patience=120)
        events = client.events(snapshot=True)
        begin = next(events)
        assert isinstance(begin.event, ResetEvent)
        for _ in range(begin.event.events):
            next(events)
        first.post("ev-a", "ev-b")
        with Client.of_socket(first.socket) as writer:
            made = writer.start_service("web", name="ev-new")
        wanted = {"ev-a", "ev-b", "ev-new"}
        seen = []
        while wanted:
            seen.append(next(events))
            wanted.discard(getattr(seen[-1].event, "service", ""))
        proposal = seen[-1].event
        assert isinstance(proposal, ProposalEvent)
        assert (proposal.service, proposal.commit, proposal.verb) == ("ev-new", made.commit, "start")
        assert len({one.id for one in seen}) == len(seen)
        assert [one.id for one in islice(client.events(seen[0].id), len(seen) - 1)] == [one.id for one in seen[1:]]
    with place(tmp_path, listen=address) as second:
        second.post("ev-a")
        again = next(one.event for one in events if isinstance(one.event, ResetEvent))
        names = {getattr(next(events).event, "service", "") for _ in range(again.events)}
        assert "ev-b" not in names
    client.close()


def test_a_wait_outlives_a_restart_of_the_daemon(tmp_path: Path) -> None:
    with place(tmp_path) as first:
        client = Client(first.address, patience=120)
        with Client.of_socket(first.socket) as writer:
            commit = writer.start_service("web", name="wait-b", spec={"target": "slurm"}).commit
        standings = client.standings("wait-b", commit=commit, timeout=6)
        assert isinstance(next(standings), StandingShape)
    with place(tmp_path, listen=first.address.removeprefix("http://")):
        *_, done = standings
    client.close()
    assert isinstance(done, DoneShape)
    assert "not healthy within" in done.why or done.why == "not within 6s"


def test_waiting_ends_with_words_when_it_was_of_no_use(tmp_path: Path) -> None:
    with place(tmp_path) as made, Client.of_state(made.state) as client:
        start = client.start_service("web", name="wait-a", spec={"target": "slurm"})
        made.post("wait-a", health=Health.PROGRESSING, revision=start.commit)
        first, *_, done = client.standings("wait-a", commit=start.commit, timeout=2)
        assert isinstance(first, StandingShape)
        assert (first.service, first.health) == ("wait-a", "Progressing")
        assert isinstance(done, DoneShape)
        assert (done.reached, done.healthy) == (False, False)
        assert "not healthy within" in done.why
        never = client.wait("wait-a", "gone", timeout=1)
        assert (never.reached, never.gone) == (False, False)
        with pytest.raises(ApiError) as caught:
            client.wait("nobody", timeout=30)
        assert caught.value.status == 404


def test_a_wait_that_broke_goes_on() -> None:
    standing = StandingShape(service="a", target="slurm", state="Pending", health="Pending").model_dump_json()
    done = DoneShape.of("a", "healthy", None).model_dump_json()
    one = Answer(body=f"event: verdict\ndata: {standing}\n\n", kind=STREAM)
    with scripted(one, Answer(0), Answer(body=f"event: done\ndata: {done}\n\n", kind=STREAM)) as there:
        with Client(there.url, patience=60) as client:
            assert client.wait("a", commit="4" * 40, timeout=20_000).reached
        assert there.asked[0].path.endswith("until=healthy&commit=" + "4" * 40 + "&timeout=333m")
        assert len(there.asked) == 3
    with scripted(one) as there, Client(there.url, patience=60) as client:
        late = client.wait("a", timeout=1)
        assert (late.reached, late.why) == (False, "not within 1s")


def line(number: int) -> str:
    data = LogLineShape(target="slurm", workload="17", replica=0, text=f"line {number}").model_dump_json()
    return f"id: 17:{number}\nevent: line\ndata: {data}\n\n"


def test_logs_are_followed_over_breaks_to_their_end() -> None:
    end = LogEndShape(why="a is gone")
    answers = [
        Answer(body=line(1) + line(2), kind=STREAM),
        Answer(0),
        Answer(body=f"{line(3)}event: end\ndata: {end.model_dump_json()}\n\n", kind=STREAM),
    ]
    with scripted(*answers) as there, Client(there.url, patience=60) as client:
        *told, last = client.logs("a", lines=5, replica=0, follow=True)
    assert [one.text for one in told if isinstance(one, LogLineShape)] == ["line 1", "line 2", "line 3"]
    assert last == end
    assert {one.path for one in there.asked} == {"/services/a/logs?lines=5&replica=0"}
    assert [one.headers.get("Last-Event-ID") for one in there.asked] == [None, "17:2", "17:2"]


def test_the_last_lines_and_what_cannot_be_read() -> None:
    whole = {"target": "cloud", "replica": 0, "phase": "Running", "next": 9}
    verdict = {"state": "Running", "health": "Healthy"}
    found = [
        {**whole, "id": "ai/a-0/main/0", "text": "one\ntwo", "command": "", "verdict": verdict},
        {**whole, "id": "ai/a-1/main/0", "text": "", "command": "", "verdict": verdict, "error": "no answer"},
    ]
    with scripted(Answer(body=json.dumps(found))) as there, Client(there.url) as client:
        one, two, note = client.logs("a", previous=True)
    assert isinstance(one, LogLineShape)
    assert isinstance(two, LogLineShape)
    assert (one.text, two.text, one.workload) == ("one", "two", "ai/a-0/main/0")
    assert isinstance(note, LogNoteShape)
    assert (note.error, note.workload) == ("no answer", "ai/a-1/main/0")
    assert there.asked[0].path == "/services/a/logs?lines=100&previous=true"
