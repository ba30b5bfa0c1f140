"""What a reading of the API costs: GET /services with 1,000 and 10,000 services, alone and over HTTP."""

from __future__ import annotations

import gc
import http.client
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count

from reconciler.board import Board
from reconciler.settings import HttpSettings
from reconciler.shapes.services import ServiceQuery, select
from reconciler.web import PageServer, make_app
from tests.bench.report import Table, goal, short
from tests.bench.scrape import NOW, board_of

SIZES = (1_000, 10_000)
_GOAL = 0.01
_TIMES = 200
_FILTER = "label=team%3Dnlp&health=Healthy&name=service-*"


def measure(sizes: Sequence[int] = SIZES) -> Table:
    """A row for each reading, for each number of services."""
    columns = ["services", "what", "p50", "p99", "size", "goal: p50 < 10 ms"]
    rows = [row for size in sizes for row in _rows(size)]
    notes = (
        f"{_TIMES} readings each, one after the other, by one client that keeps its connection; up to the last byte.",
        "What was asked before, with the same table, is kept; the first two rows over HTTP ask for something new.",
        "The server is a thread of the same process. In process: chosen, shaped and written as JSON, without HTTP.",
    )
    return Table("Readings of the API, by number of services", columns, rows, notes)


def _rows(size: int) -> Iterator[tuple[str, ...]]:
    board = board_of(size)
    query = ServiceQuery()
    yield _row(size, "in process, 100 of them", lambda: _page(board, query), _GOAL)
    server = PageServer("127.0.0.1:0")
    unlimited = HttpSettings.model_validate({"limits": {"reads": 10**7}})
    server.start(make_app(board, lambda: NOW, ("slurm",), http=unlimited))
    client = http.client.HTTPConnection(server.address.removeprefix("http://"), timeout=60)
    try:
        tag = _tag(client)
        other = count()
        yield _row(size, "GET /services (100)", lambda: _get(client, f"/services?after=a{next(other)}"), _GOAL)
        filtered = f"/services?{_FILTER}&after=a"
        yield _row(size, "GET /services, filtered", lambda: _get(client, f"{filtered}{next(other)}"), _GOAL)
        yield _row(size, "GET /services, asked before", lambda: _get(client, "/services"), _GOAL)
        yield _row(size, "GET /services, 304", lambda: _get(client, "/services", {"If-None-Match": tag}), _GOAL)
        yield _row(size, "GET /services/{name}", lambda: _get(client, "/services/service-00500"), _GOAL)
        yield _row(size, "GET /plan", lambda: _get(client, "/plan"), _GOAL)
        yield _row(size, "all, in pages of 1,000", lambda: _all(client), None, times=10)
    finally:
        client.close()
        server.close()


def _row(size: int, what: str, call: Callable[[], bytes], limit: float | None, times: int = _TIMES) -> tuple[str, ...]:
    gc.collect()
    took, answer = [], call()
    for _ in range(times):
        began = time.perf_counter()
        answer = call()
        took.append(time.perf_counter() - began)
    middle, high = statistics.median(took), statistics.quantiles(took, n=100)[98]
    reached = goal(middle, limit, at_least=False) if limit else ""
    return f"{size:,}", what, short(middle), short(high), f"{len(answer) / 1e3:,.1f} kB", reached


def _page(board: Board, query: ServiceQuery) -> bytes:
    return select(board.status(), board.changes(), query).model_dump_json().encode()


def _get(client: http.client.HTTPConnection, path: str, headers: dict[str, str] | None = None) -> bytes:
    client.request("GET", path, headers=headers or {})
    return client.getresponse().read()


def _tag(client: http.client.HTTPConnection) -> str:
    client.request("GET", "/services")
    answer = client.getresponse()
    answer.read()
    return answer.headers["ETag"]


def _all(client: http.client.HTTPConnection) -> bytes:
    whole, after = b"", ""
    while True:
        page = _get(client, f"/services?limit=1000&after={after}")
        whole += page
        after = json.loads(page)["next"]
        if not after:
            return whole
