"""What Prometheus reads of the server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from reconciler.faiss_server.index import VectorIndex


class Metrics:
    """A registry of its own, so that two servers in one process do not mix."""

    def __init__(self, index: VectorIndex) -> None:
        self._registry = CollectorRegistry()
        vectors = Gauge("faiss_vectors", "Vectors in the index.", registry=self._registry)
        vectors.set_function(lambda: len(index))
        dimension = Gauge("faiss_dimension", "Numbers in each vector.", registry=self._registry)
        dimension.set(index.dimension)
        self._seconds = Histogram(
            "faiss_operation_duration_seconds", "Time in the index.", ["operation"], registry=self._registry
        )
        self._items = Counter(
            "faiss_operation_items",
            "Vectors added or removed, queries answered.",
            ["operation"],
            registry=self._registry,
        )

    @contextmanager
    def timed(self, operation: str, items: int) -> Iterator[None]:
        """Count one operation on `items` vectors, if it succeeds."""
        begin = time.perf_counter()
        yield
        self._seconds.labels(operation).observe(time.perf_counter() - begin)
        self._items.labels(operation).inc(items)

    def text(self) -> bytes:
        """The exposition, in Prometheus' text format."""
        return generate_latest(self._registry)
