"""Prometheus metrics, made from the board at scrape time: what is no longer there vanishes by itself.

`Exporter` writes the page. The families of services are written as text directly, as there may be very many of them;
the few others go through the client library.
"""

from reconciler.metrics.exporter import Exporter, utc_now

__all__ = ["Exporter", "utc_now"]
