"""The whole page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import chain

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_open
from prometheus_client.process_collector import ProcessCollector

from reconciler.board import Board
from reconciler.metrics.exposition import Form
from reconciler.metrics.others import other_text
from reconciler.metrics.services import service_text


class Exporter:
    """Reads `board` at every scrape; `clock` gives an aware time, for ages. Safe to use from many threads."""

    def __init__(self, board: Board, clock: Callable[[], datetime]) -> None:
        self._board = board
        self._clock = clock
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)

    def page(self, form: Form = Form.TEXT) -> bytes:
        """All metrics as they stand, in one of the two formats."""
        status, tallies, now = self._board.status(), self._board.tallies(), self._clock()
        families = chain(service_text(status, tallies, now, form), other_text(status, tallies, now, form))
        process = generate_open if form is Form.OPEN else generate_latest  # the former ends with `# EOF`
        return b"".join([*(family.encode() for family in families), process(self._registry)])


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)  # noqa: TID251 - the clock's own door, handed on as a function
