"""Scrapes over HTTP: two at once, while turns post, while the daemon ends, and by the real Prometheus."""

from __future__ import annotations

import gzip
import http.client
import json
import threading
import time
import tracemalloc
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse_text

from lab.monitoring import Prometheus
from reconciler.board import Board
from reconciler.board.chronicle import Chronicle
from reconciler.metrics import Exporter, Form
from reconciler.models.health import Health
from reconciler.models.status import State, TargetStatus
from reconciler.web import PageServer, make_app
from tests.fakes import START
from tests.metrics.sample import NOW, full, line
from tests.samples import REVISION

TARGET = TargetStatus("fake", "slurm", reachable=True, looked=START)


@pytest.fixture
def pages() -> Iterator[tuple[PageServer, Board]]:
    board, server = full(), PageServer("127.0.0.1:0")
    server.start(make_app(board, lambda: NOW, ("fake",)))
    yield server, board
    server.close()


def scrape(server: PageServer, **headers: str) -> tuple[dict[str, str], bytes]:
    request = urllib.request.Request(f"{server.address}/metrics", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return dict(answer.headers), answer.read()


def test_the_page_is_of_the_type_that_was_asked_for(pages: tuple[PageServer, Board]) -> None:
    headers, page = scrape(pages[0])
    assert headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert list(parse_text(page.decode()))
    headers, page = scrape(pages[0], Accept="application/openmetrics-text; version=1.0.0")
    assert headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert list(parse_open(page.decode()))
    headers, packed = scrape(pages[0], **{"Accept-Encoding": "gzip"})
    assert headers["content-encoding"] == "gzip"
    assert len(packed) < len(page) / 4
    assert list(parse_text(gzip.decompress(packed).decode()))


def test_scrapes_while_turns_post_are_whole_and_of_one_moment() -> None:
    board, stop = Board(), threading.Event()
    tables = [tuple(line(f"s{one:03}", revision=word) for one in range(100)) for word in ("old", "new")]
    board.post_target(TARGET, tables[0])

    def post() -> int:
        turns = 0
        while not stop.is_set():
            board.post_target(TARGET, tables[turns % 2], START + timedelta(seconds=turns))
            board.count_action("fake", "deploy", "ok", 0.1)
            board.count_restart("fake", f"s{turns % 100:03}", "changed")
            board.count_turn("fake", 0.1)
            turns += 1
        return turns

    exporter = Exporter(board, lambda: NOW)
    with ThreadPoolExecutor(5) as pool:
        posting = pool.submit(post)
        found = list(pool.map(exporter.page, [Form.TEXT, Form.OPEN] * 8))
        stop.set()
        assert posting.result() > 0
    for number, page in enumerate(found):
        families = list((parse_open if number % 2 else parse_text)(page.decode()))
        infos = [one.labels for family in families for one in family.samples if one.name == "reconciler_service_info"]
        assert len(infos) == 100
        assert len({labels["revision"] for labels in infos}) == 1


def test_a_scrape_does_not_keep_a_turn_waiting() -> None:
    board = Board()
    rows = tuple(line(f"s{one:05}") for one in range(10_000))
    board.post_target(TARGET, rows)
    exporter = Exporter(board, lambda: NOW)
    with ThreadPoolExecutor(1) as pool:
        scraping, posted = pool.submit(exporter.page), 0
        while not scraping.done():
            board.count_turn("fake", 0.1)
            posted += 1
    assert posted > 20


def test_a_scrape_while_the_pages_close_gets_a_page_or_a_refusal(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    board, server = Board(), PageServer("127.0.0.1:0")
    board.post_target(TARGET, tuple(line(f"s{one:05}") for one in range(300)))
    server.start(make_app(board, lambda: NOW, ("fake",)))
    begun = threading.Event()

    def scrapes() -> tuple[int, list[Exception]]:
        whole, refused = 0, []
        while not refused:
            try:
                page = scrape(server)[1]
            except (OSError, http.client.HTTPException) as error:
                refused.append(error)
            else:
                assert list(parse_text(page.decode()))
                whole += 1
                begun.set()
        return whole, refused

    with ThreadPoolExecutor(3) as pool:
        clients = [pool.submit(scrapes) for _ in range(3)]
        assert begun.wait(60)
        server.close()
        results = [client.result(60) for client in clients]
    assert all(len(refused) == 1 for _, refused in results)
    assert sum(whole for whole, _ in results) > 0
    assert "Traceback" not in capfd.readouterr().err + caplog.text


def test_the_real_prometheus_reads_openmetrics_with_its_exemplars(
    pages: tuple[PageServer, Board], lab_prometheus: Prometheus
) -> None:
    server, _ = pages
    address = server.address.removeprefix("http://")
    lab_prometheus.start({"reconciler": [address]}, flags=("--enable-feature=exemplar-storage",))
    (state,) = lab_prometheus.wait_for('reconciler_service_info{service="a"}')
    assert state.labels["revision"] == REVISION.short
    assert state.labels["job"] == "reconciler"
    (restarts,) = lab_prometheus.query('reconciler_service_restarts_total{reason="unhealthy",service="a"}')
    assert restarts.value == 1
    (up,) = lab_prometheus.query("reconciler_service_endpoint_up")
    assert up.labels["instance"] == "1"
    (quantile,) = lab_prometheus.query("histogram_quantile(1, reconciler_turn_duration_seconds_bucket)")
    assert 0.05 < quantile.value <= 0.1
    query = urlencode({"query": "reconciler_actions_total", "start": time.time() - 600, "end": time.time() + 600})
    with urllib.request.urlopen(f"{lab_prometheus.url}/api/v1/query_exemplars?{query}", timeout=30) as answer:
        (series,) = json.load(answer)["data"]
    assert series["exemplars"][0]["labels"] == {"revision": REVISION.short}


def test_the_chronicle_of_10_000_services_is_small_and_stays_bounded() -> None:
    rows = tuple(line(f"s{one:05}") for one in range(10_000))
    turned = tuple(replace(one, state=State.HELD, health=Health.FAILED) for one in rows)
    chronicle = Chronicle()
    tracemalloc.start()
    try:
        chronicle.add("fake", rows, START)
        first = tracemalloc.get_traced_memory()[0]
        for turn in range(30):
            chronicle.add("fake", (turned, rows)[turn % 2], START + timedelta(seconds=turn))
        whole = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert first < 5_000_000
    assert whole < 60_000_000
    assert len(chronicle.of("s00000")) == 20


def test_few_services_keep_a_hundred_changes() -> None:
    chronicle = Chronicle()
    for turn in range(300):
        health = (Health.HEALTHY, Health.DEGRADED)[turn % 2]
        chronicle.add("fake", (line(health=health),), START + timedelta(seconds=turn))
    story = chronicle.of("a")
    assert len(story) == 100
    assert story[-1].at == START + timedelta(seconds=299)
