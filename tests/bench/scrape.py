"""What a scrape costs: the page alone and over HTTP, beside the client library's own way with the same numbers."""

from __future__ import annotations

import gc
import http.client
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.exposition import generate_latest as generate_open
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from reconciler.board import Board
from reconciler.metrics import Exporter, Form, gzipped
from reconciler.models.health import Health
from reconciler.models.status import ServiceStatus, Serving, State, TargetStatus
from reconciler.models.workload import Cause, Instance
from reconciler.web import PageServer, make_app
from tests.bench.report import Table, goal, short

SIZES = (1_000, 10_000)
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
_TARGET = TargetStatus("slurm", "slurm", reachable=True, looked=NOW)
_GOAL = 0.3
_TIMES = 5


class _Known(Collector):
    """The same families as objects of the library."""

    def __init__(self, page: str) -> None:
        self._families = list(text_string_to_metric_families(page))

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def measure(sizes: Sequence[int] = SIZES) -> Table:
    """A row for each way, for each number of services."""
    columns = ["services", "page", "time", "CPU", "size", "lines", "goal < 300 ms"]
    rows = [row for size in sizes for row in _rows(size)]
    notes = (
        f"The best of {_TIMES}. Over HTTP: up to the last byte, the server in a thread of the same process.",
        "The client library writes the same samples from objects that are there already; to make these is not counted.",
        *(f"The board with {size:,} services holds {_held(size):.1f} MB beside the table itself." for size in sizes),
    )
    return Table("A scrape, by number of services", columns, rows, notes)


def _rows(size: int) -> Iterator[tuple[str, ...]]:
    board = board_of(size)
    exporter = Exporter(board, lambda: NOW)
    server = PageServer("127.0.0.1:0")
    server.start(make_app(board, lambda: NOW, ("slurm",)))
    try:
        for name, call in (
            ("text", exporter.page),
            ("OpenMetrics", lambda: exporter.page(Form.OPEN)),
            ("text, gzipped", lambda: gzipped(exporter.page())),
            ("text, over HTTP", lambda: _get(server, {})),
            ("OpenMetrics, gzipped, over HTTP", lambda: _get(server, _AS_PROMETHEUS)),
        ):
            took, cpu, page = _best(call, _TIMES)
            yield f"{size:,}", name, *_cells(took, cpu, page), goal(took, _GOAL, at_least=False)
    finally:
        server.close()
    registry = CollectorRegistry()  # only now: its many objects would slow down the others
    registry.register(_Known(exporter.page().decode()))
    for name, write in (("text", generate_latest), ("OpenMetrics", generate_open)):
        yield f"{size:,}", f"the client library's, {name}", *_cells(*_best(partial(write, registry), 1)), ""


def _cells(took: float, cpu: float, page: bytes) -> tuple[str, ...]:
    lines = f"{len(page.splitlines()):,}" if page.startswith(b"#") else ""
    return short(took), short(cpu), f"{len(page) / 1e6:.2f} MB", lines


_AS_PROMETHEUS = {"Accept": "application/openmetrics-text;version=1.0.0", "Accept-Encoding": "gzip"}


def _get(server: PageServer, headers: dict[str, str]) -> bytes:
    connection = http.client.HTTPConnection(server.address.removeprefix("http://"), timeout=60)
    try:
        connection.request("GET", "/metrics", headers=headers)
        return connection.getresponse().read()
    finally:
        connection.close()


def _best(call: Callable[[], bytes], times: int) -> tuple[float, float, bytes]:
    page, took = b"", []
    for _ in range(times):
        gc.collect()  # nobody pays for the rubbish of another way
        began, spent = time.perf_counter(), time.process_time()
        page = call()
        took.append((time.perf_counter() - began, time.process_time() - spent))
    return min(one for one, _ in took), min(cpu for _, cpu in took), page


def board_of(size: int) -> Board:
    board = Board()
    for minute in range(2):
        board.post_target(_TARGET, _table(size), NOW + timedelta(minutes=minute))
    return board


def _table(size: int) -> tuple[ServiceStatus, ...]:
    one = ServiceStatus("", "slurm", "faiss", State.RUNNING, Health.HEALTHY, NOW, "", "0123456789ab", "", 2, 2)
    rich = replace(one, deadline=NOW, ended=Cause.TIME_LIMIT, generation=3, labels={"team": "nlp", "tier": "gold"})
    jobs = [(str(number), str(size + number)) for number in range(size)]
    return tuple(
        replace(rich, service=f"service-{first:0>5}", serving=tuple(_serving(*one) for one in enumerate((first, last))))
        for first, last in jobs
    )


def _serving(replica: int, job: str) -> Serving:
    return Serving(replica, job, Instance(job, "n1", up=True), up=True)


def _held(size: int) -> float:
    """MB that the board itself holds for a table."""
    table = _table(size)
    tracemalloc.start()
    try:
        board = Board()
        board.post_target(_TARGET, table)
        return tracemalloc.get_traced_memory()[0] / 1e6
    finally:
        tracemalloc.stop()
