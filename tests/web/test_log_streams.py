"""Output as a stream: what a real job writes while it is read, and what comes when there is no more."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lab.factory import Factory
from reconciler.models.status import TargetStatus
from reconciler.models.workload import Phase
from reconciler.shapes.logs import LOG_EVENTS
from reconciler.web.streams.tail import place_of, starts_of
from tests.e2e.world import RECIPE, RECIPE_PATH, service, until
from tests.fakes import workload
from tests.web.reader import Reader, Told
from tests.web.test_logs import RUNS, SECOND, Site
from tests.web.test_pages import get

EVENTS = {"Accept": "text/event-stream"}
TEXT = {"Accept": "text/plain"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.server.close()


def follow(site: Site, query: str = "", headers: dict[str, str] = EVENTS) -> Reader:
    return Reader(f"{site.server.address}/services/a/logs{query or '?'}", headers)


def lines(events: list[Told]) -> list[tuple[str, str]]:
    return [(one.data["workload"], one.data["text"]) for one in events if one.event == "line"]


def test_lines_come_as_they_are_written_and_a_new_job_is_followed_as_well(site: Site) -> None:
    site.write("2", "one\ntwo\nhal")
    site.see("fake", RUNS)
    with follow(site) as reader:
        events = reader.events()
        assert lines([next(events), next(events)]) == [("2", "one"), ("2", "two")]
        site.write("2", "f\nthree\n")
        assert lines([next(events), next(events)]) == [("2", "half"), ("2", "three")]
        site.write("4", "other\n")
        site.see("fake", replace(RUNS, phase=Phase.ENDED), workload("a", identity="4", generation=2))
        assert lines([next(events)]) == [("4", "other")]


def test_it_goes_on_after_the_event_that_was_seen(site: Site) -> None:
    site.write("2", "one\ntwo\n")
    site.write("3", "x\n", replica=1)
    site.see("fake", RUNS, SECOND)
    with follow(site) as reader:
        first = reader.take(3)
    place = first[-1].id
    assert [one.id for one in first[:2]] == ["", ""]
    assert starts_of(place) == {"2": 8, "3": 2}
    site.write("2", "three\n")
    with follow(site, headers={**EVENTS, "Last-Event-ID": place}) as reader:
        (event,) = reader.take(1)
    assert lines([event]) == [("2", "three")]
    assert LOG_EVENTS.validate_python(event.data).kind == "line"


@pytest.mark.parametrize("place", ["", "x", "2", "2:", ":1", "2:x", "2:1\n", "2:٣", "a b:1", "2:" + "9" * 30])
def test_what_is_no_place_is_none(place: str) -> None:
    assert starts_of(place) == {}


def test_places_of_many_are_written_and_read_or_left_out_where_they_are_too_many() -> None:
    few = {f"ai/a-{number}/main/0": number for number in range(30)}
    assert starts_of(place_of(few)) == few
    assert place_of({f"ai/a-{number}/main/0": 1 for number in range(3000)}) == ""


def test_the_stream_ends_with_a_reason_when_the_service_goes_and_shows_what_it_wrote_last(site: Site) -> None:
    site.write("2", "one\n")
    site.see("fake", RUNS)
    with follow(site) as events, follow(site, "?follow=true", TEXT) as text:
        assert lines(events.take(1)) == [("2", "one")]
        assert text.answer.readline() == b"one\n"
        site.write("2", "last words\n")
        site.board.post_target(TargetStatus("fake", "slurm", reachable=True), ())
        *said, end = list(events.events())
        assert lines(said) == [("2", "last words")]
        assert (end.event, end.data["why"]) == ("end", "a is gone: nothing of it is wanted any more")
        assert text.answer.read() == b"last words\n# a is gone: nothing of it is wanted any more\n"
    assert get(f"{site.server.address}/services/a/logs")[0] == 404


def test_plain_text_once_or_for_ever_with_names_where_several_write(site: Site) -> None:
    site.write("2", "one\n")
    site.see("fake", RUNS)
    with follow(site, headers=TEXT) as reader:
        assert reader.answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert reader.answer.read() == b"one\n"
    site.write("3", "x\n", replica=1)
    site.see("fake", RUNS, SECOND)
    with follow(site, headers=TEXT) as reader:
        assert reader.answer.read() == b"[2] one\n[3] x\n"
    with follow(site, "?follow=true&lines=1", TEXT) as reader:
        assert [reader.answer.readline() for _ in range(2)] == [b"[2] one\n", b"[3] x\n"]
        site.write("3", "y\n", replica=1)
        assert reader.answer.readline() == b"[3] y\n"


def test_where_the_daemon_does_not_read_the_command_is_said_once(site: Site) -> None:
    site.see("cloud", replace(workload("a", identity="ai/a")))
    with follow(site) as reader:
        (note,) = reader.take(1)
        time.sleep(2.5)
        site.board.post_target(TargetStatus("cloud", "kubernetes", reachable=True), ())
        rest = [one.event for one in reader.events()]
    assert (note.event, note.data["error"]) == ("note", "")
    assert note.data["command"].startswith("kubectl -n ai logs")
    assert rest == ["end"]
    site.see("cloud", replace(workload("a", identity="ai/a")))
    with follow(site, headers=TEXT) as reader:
        assert reader.answer.read().startswith(b"# ai/a: read it with your own rights: kubectl")


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("application/json, text/event-stream", "application/json"),
        ("Text/Plain; charset=utf-8", "text/plain; charset=utf-8"),
        ("image/png, text/plain", "text/plain; charset=utf-8"),
    ],
)
def test_the_form_is_what_is_asked_for(site: Site, accept: str, kind: str) -> None:
    site.see("fake", RUNS)
    asked = urllib.request.Request(f"{site.server.address}/services/a/logs", headers={"Accept": accept})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert answer.headers["Content-Type"] == kind


def test_a_name_that_nobody_knows_and_what_looks_like_a_secret(site: Site) -> None:
    site.see("fake", RUNS)
    site.write("2", "token=abcdefgh12345678\n")
    for headers in (EVENTS, TEXT, {}):
        asked = urllib.request.Request(f"{site.server.address}/services/b/logs", headers=headers)
        with pytest.raises(urllib.error.HTTPError, match="404") as error:
            urllib.request.urlopen(asked, timeout=10)
        error.value.close()
    with follow(site) as reader:
        assert lines(reader.take(1)) == [("2", "token=***")]


def test_the_daemon_ends_in_time_with_readers_of_output(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.see("fake", RUNS)
    with follow(site) as reader, follow(site, "?follow=true", TEXT) as text:
        until("both read", lambda: site.board.tallies().visits.watchers.get("logs", 0) == 2)
        began = time.monotonic()
        site.server.close()
        assert time.monotonic() - began < 3
        assert [one.event for one in reader.events()] == []
        assert text.answer.read() == b""
    assert site.board.tallies().visits.watchers["logs"] == 0


CHATTY = RECIPE.replace("name: web", "name: chatty").replace(
    'command: [python3, -m, http.server, --bind, "${host}", "${port.http}"]',
    'command: [sh, -c, "i=0; while true; do echo beat $i of ${config.greeting}; i=$((i+1)); sleep 0.5; done &'
    ' exec python3 -m http.server --bind ${host} ${port.http}"]',
)


@pytest.mark.slurm
def test_the_output_of_a_real_job_is_followed_until_the_service_goes(factory: Factory) -> None:
    factory.secret("b8p6", "word", "sesame-street")
    wanted = {
        RECIPE_PATH.replace("web", "chatty"): CHATTY,
        "desired/b8p6-chat.yaml": service("b8p6-chat", recipe="chatty", config={"greeting": "sesame-street"}),
    }
    factory.commit(wanted, "one that talks")
    factory.start()
    factory.wait_healthy(["b8p6-chat"], 90)
    address = (factory.state / "http").read_text().strip()
    with Reader(f"{address}/services/b8p6-chat/logs?lines=2000", EVENTS) as reader:
        events = reader.events()
        beats = []
        while len(beats) < 8:
            text = next(events).data["text"]
            beats += [text] if text.startswith("beat") else []
        assert beats == [f"beat {number} of ***" for number in range(8)]
        factory.commit({"desired/b8p6-chat.yaml": None}, "Stop it\n\nReconciler-Allow-Removals: 1")
        rest = list(events)
    assert rest[-1].event == "end"
    assert "b8p6-chat is gone" in rest[-1].data["why"]
