"""`/sd` over HTTP."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.board import Board
from reconciler.metrics import utc_now
from reconciler.models.status import State
from reconciler.web import PageServer, make_app
from tests.discovery.lines import CLOUD, NOW, SLURM, SOURCE, job, line, pod

TARGETS = ("site", "cloud")


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def page(board: Board) -> Iterator[str]:
    server = PageServer("127.0.0.1:0")
    server.start(make_app(board, utc_now, TARGETS))
    yield f"{server.address}/sd"
    server.close()


def get(url: str) -> tuple[int, str, str]:
    """Code, content type, text."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read().decode()


def test_there_is_no_list_before_all_in_question_was_seen(board: Board, page: str) -> None:
    code, _, text = get(page)
    assert code == 503
    assert "the repository was not read yet" in text
    board.post_source(SOURCE)
    board.post_target(CLOUD, ())
    assert get(page)[0] == 503
    assert get(f"{page}?target=cloud")[::2] == (200, "[]\n")
    board.post_target(replace(SLURM, reachable=False, looked=None), ())
    code, _, text = get(page)
    assert (code, "target site was not seen yet" in text) == (503, True)
    board.post_target(SLURM, ())
    assert get(page) == (200, "application/json", "[]\n")


def test_lists_of_metrics_and_of_probes(board: Board, page: str) -> None:
    board.post_source(SOURCE)
    board.post_target(SLURM, (line(job(1)),))
    board.post_target(CLOUD, (line(pod("web-0"), target=CLOUD),))
    found = json.loads(get(page)[2])
    assert [one["labels"]["target"] for one in found] == ["cloud", "site"]
    assert [one["labels"]["target"] for one in json.loads(get(f"{page}?target=site&recipe=faiss")[2])] == ["site"]
    probes = json.loads(get(f"{page}?for=probes&target=site")[2])
    assert [one["targets"] for one in probes] == [["http://n1:20001/healthz"]]


def test_what_is_asked_wrongly_is_an_error_and_no_empty_list(board: Board, page: str) -> None:
    board.post_source(SOURCE)
    for target in (SLURM, CLOUD):
        board.post_target(target, ())
    code, _, text = get(f"{page}?target=sight")
    assert (code, "there is no target 'sight'; there are site, cloud" in text) == (404, True)
    assert get(f"{page}?for=everything")[0] == 422


def test_a_target_that_is_away_keeps_its_entries(board: Board, page: str) -> None:
    board.post_source(SOURCE)
    board.post_target(CLOUD, ())
    board.post_target(SLURM, (line(job(1)),))
    before = get(page)
    away = replace(line(job(1)), state=State.UNKNOWN, why="squeue: no answer")
    board.post_target(replace(SLURM, reachable=False, why="squeue: no answer", looked=NOW), (away,))
    assert get(page) == before
