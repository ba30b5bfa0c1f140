"""The history of verdicts: on its page, in the status and in the story."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from reconciler.board import Board
from reconciler.cli.story import text_of
from reconciler.explain import Story
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, State, TargetStatus, Transition
from reconciler.shapes.story import StoryShape
from reconciler.web import PageServer, make_app
from tests.fakes import START
from tests.web.test_pages import get

WELL = ServiceStatus("abc", "slurm", "web", State.RUNNING, Health.HEALTHY, START, "", "abc")
ILL = replace(WELL, health=Health.DEGRADED, why="GET /: 503\x1b[2J")


def post(board: Board, target: str, *lines: ServiceStatus) -> None:
    for number, line in enumerate(lines):
        at = START + timedelta(minutes=number)
        board.post_target(TargetStatus(target, "slurm", reachable=True, looked=at), (replace(line, target=target),), at)


def test_each_change_is_told_with_when_from_what_to_what_and_why() -> None:
    board = Board()
    post(board, "slurm", WELL, WELL, ILL)
    post(board, "other", WELL)
    server = PageServer("127.0.0.1:0")
    server.start(make_app(board, lambda: START, ()))
    code, text = get(f"{server.address}/services/abc/history")
    missing = get(f"{server.address}/services/ab/history")
    status = json.loads(get(f"{server.address}/status")[1])
    server.close()
    well, ill = {"state": "Running", "health": "Healthy"}, {"state": "Running", "health": "Degraded"}
    change = {
        "target": "slurm",
        "at": "2026-01-01T00:02:00Z",
        "before": well,
        "after": ill,
        "why": "GET /: 503\\x1b[2J",
    }
    first = {"at": "2026-01-01T00:00:00Z", "before": None, "after": well, "why": ""}
    found = json.loads(text)
    assert code == 200
    assert found == [{"target": "other", **first}, {"target": "slurm", **first}, change]
    assert [one["changed"] for one in status["services"]] == [{"target": "other", **first}, change]
    assert missing[0] == 404
    assert "did you mean abc?" in missing[1]


def told(count: int) -> list[str]:
    verdicts = [(State.RUNNING, Health.HEALTHY), (State.RUNNING, Health.DEGRADED)]
    changes = [
        Transition(START + timedelta(minutes=one), verdicts[(one - 1) % 2] if one else None, verdicts[one % 2], "")
        for one in range(count)
    ]
    text = text_of(StoryShape.of(Story(WELL), lambda _: "", changes), START + timedelta(hours=1))
    return [line.strip() for line in text.partition("history   ")[2].partition("next ")[0].splitlines()]


def test_the_story_tells_the_last_ten_and_counts_the_earlier_ones() -> None:
    assert told(1) == []
    assert told(2) == [
        "00:00 UTC, 1h ago: Running/Healthy at first sight",
        "00:01 UTC, 59m ago: Running/Healthy → Running/Degraded",
    ]
    many = told(25)
    assert len(many) == 11
    assert many[0] == "and 15 earlier"
    assert many[-1].startswith("00:24 UTC")
