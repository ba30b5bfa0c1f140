from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from reconciler.board import Board
from reconciler.errors import SettingsError
from reconciler.metrics import utc_now
from reconciler.models.health import Health
from reconciler.models.revision import Revision
from reconciler.models.status import ServiceStatus, SourceStatus, State, TargetStatus
from reconciler.web import PageServer, make_app
from tests.fakes import START


@pytest.fixture
def pages() -> Iterator[tuple[str, Board]]:
    board = Board()
    server = PageServer("127.0.0.1:0")
    server.start(make_app(board, utc_now, ("slurm",)))
    yield server.address, board
    server.close()


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_it_is_alive_before_it_is_ready(pages: tuple[str, Board]) -> None:
    address, board = pages
    assert get(f"{address}/healthz")[0] == 200
    code, text = get(f"{address}/readyz")
    assert code == 503
    assert "slurm" in text
    board.post_source(SourceStatus(Revision("f" * 40, "Ada", "subject", START)))
    board.post_target(TargetStatus("slurm", "slurm", reachable=False, why="no answer"), ())
    assert get(f"{address}/readyz") == (200, '{"missing":[],"targets":{"slurm":{"leads":true,"leader":""}}}')


def test_the_status_and_the_metrics_show_what_was_posted(pages: tuple[str, Board]) -> None:
    address, board = pages
    line = ServiceStatus(
        "a", "slurm", "faiss", State.RUNNING, Health.HEALTHY, START, "", "abc", endpoints=(("http", "n1:20000"),)
    )
    board.post_target(TargetStatus("slurm", "slurm", reachable=True), (line,))
    (shown,) = json.loads(get(f"{address}/status")[1])["services"]
    assert shown["service"] == "a"
    assert shown["endpoints"] == {"http": ["n1:20000"]}
    assert 'reconciler_service_state{service="a",state="Running",target="slurm"} 1.0' in get(f"{address}/metrics")[1]


def test_an_address_that_is_taken_is_a_clear_error(pages: tuple[str, Board]) -> None:
    taken = pages[0].removeprefix("http://")
    with pytest.raises(SettingsError, match=r"http\.listen: .* cannot be used: .*choose a free address"):
        PageServer(taken)
