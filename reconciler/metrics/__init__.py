"""Prometheus metrics, made from the board at scrape time: what is no longer there vanishes by itself.

`Exporter` writes the page, in the format that `choose` finds in a request, `gzipped` where that takes it; `families`
has every metric there is.
"""

from reconciler.metrics.exporter import Exporter, utc_now
from reconciler.metrics.exposition import Form
from reconciler.metrics.negotiation import choose, gzipped, takes_gzip

__all__ = ["Exporter", "Form", "choose", "gzipped", "takes_gzip", "utc_now"]
