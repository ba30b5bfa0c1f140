"""The whole page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.process_collector import ProcessCollector

from reconciler.board import Board
from reconciler.metrics.collector import BoardCollector
from reconciler.metrics.services import service_text


class Exporter:
    """Reads `board` at every scrape; `clock` gives an aware time, for ages. Safe to use from many threads."""

    #: The type of what `page` gives.
    content_type = "text/plain; version=0.0.4; charset=utf-8"

    def __init__(self, board: Board, clock: Callable[[], datetime]) -> None:
        self._board = board
        self._clock = clock
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(BoardCollector(board, clock))
        ProcessCollector(registry=self._registry)

    def page(self) -> bytes:
        """All metrics as they stand."""
        services = service_text(self._board.status(), self._board.tallies(), self._clock())
        return "".join(services).encode() + generate_latest(self._registry)


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)  # noqa: TID251 - the clock's own door, handed on as a function
