"""The page that explains, and the same story as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.board import Board
from reconciler.cli.story import text_of
from reconciler.explain import tell
from reconciler.health import judge
from reconciler.models.action import Plan
from reconciler.models.health import Health
from reconciler.models.status import Status, TargetStatus, View
from reconciler.models.wanted import Wanted
from reconciler.models.workload import Cause, Phase, Workload
from reconciler.shapes.story import StoryShape
from reconciler.web import PageServer, make_app
from tests.fakes import START, look, workload
from tests.samples import resolved
from tests.web.test_pages import get

PAIRS = ((resolved("a", replicas=2), Wanted("a", 2, "d1", lead=timedelta(minutes=30), limit=7200)),)
SERVING = replace(workload("a", deadline=START + timedelta(hours=1)), endpoints=(("http", "n1:20000"),))
FAILED = replace(
    workload("a", replica=1, identity="2", phase=Phase.ENDED, health=Health.FAILED, reason="exit code \x1b[31m1"),
    cause=Cause.EXIT,
)
TEXT = """\
a on fake: Absent, Progressing 1/2, for 0s
  replica 1: is being started again; the last one ended: exit code \\x1b[31m1

wanted    desired/a.yaml at 0123456789ab by Ada: A commit
          recipe web, 2 replicas, time limit 2h, a successor 30m before it
there     1 (replica 0): Running, Healthy since 00:00:00 UTC, 0s ago
            http: n1:20000
            its time limit is reached at 01:00 UTC, in 1h
ended     2 (replica 1) at 00:00:00 UTC, 0s ago: exit code \\x1b[31m1 (exit-code)
            | out of luck
            | \\x1b[2J
next      submits the successor of 1 at 00:30 UTC, in 30m (30m before its time limit); it takes over before it ends
you can   read what it wrote last
"""


def output(workload: Workload) -> str:
    return f"out of luck\n\x1b[2J{'' if workload.id == '2' else 'of another'}"


@pytest.fixture
def address() -> Iterator[str]:
    board = Board()
    seen = look(SERVING, FAILED)
    board.post_target(TargetStatus("fake", "slurm", reachable=True), judge(PAIRS, seen, Plan("fake"), {}, {}))
    board.post_view(View("fake", PAIRS, seen, Plan("fake")))
    server = PageServer("127.0.0.1:0")
    server.start(make_app(board, lambda: START, ("fake",), output))
    yield server.address
    server.close()


def test_the_page_tells_the_story_and_the_text_is_made_of_it(address: str) -> None:
    code, body = get(f"{address}/services/a/explain")
    assert code == 200
    (story,) = [StoryShape.model_validate(one) for one in json.loads(body)]
    assert [one.output for one in (*story.there, *story.ended)] == ["", "out of luck\n\x1b[2J"]
    assert text_of(story, START) == TEXT


def test_what_was_not_seen_is_unknown_and_not_absent() -> None:
    seen = look(complete=False)
    (line,) = judge(PAIRS, seen, Plan("fake"), {}, {})
    (story,) = tell(Status(services=(line,)), [View("fake", PAIRS, seen, Plan("fake"))], "a", START)
    text = text_of(StoryShape.of(story, output), START)
    assert "there     unknown, as the last look was not whole: cut\n" in text
    assert "nothing\n" not in text


def test_before_the_first_turn_it_says_what_is_missing() -> None:
    server = PageServer("127.0.0.1:0")
    server.start(make_app(Board(), lambda: START, ("fake",)))
    code, body = get(f"{server.address}/services/a/explain")
    server.close()
    assert code == 404
    assert "target fake had no turn yet" in json.loads(body)["detail"]


@pytest.mark.parametrize("name", ["b", "%1b%5b2J", "..%2f..%2fetc"])
def test_an_unknown_name_is_not_found(address: str, name: str) -> None:
    code, body = get(f"{address}/services/{name}/explain")
    assert code == 404
    assert "\x1b" not in body
