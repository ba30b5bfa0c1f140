"""What a scraper asks for: which of the two formats, and whether it may come compressed."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from reconciler.metrics.exposition import Form

#: Longer headers are not looked at to their end.
_LONGEST = 2_000
_VERSIONS = ("", "0.0.1", "1.0.0")
_FORMS = {
    "application/openmetrics-text": Form.OPEN,
    "text/plain": Form.TEXT,
    "text/*": Form.TEXT,
    "*/*": Form.TEXT,
}
# The fastest level makes one 28th of a large page, in a third of the time that the page takes; other threads go on
# meanwhile. The usual level makes little less of it in three times that time.
_LEVEL = 1
_GZIP = zlib.MAX_WBITS | 16


def choose(accept: str) -> Form:
    """The format for a header `Accept`; plain text where OpenMetrics is not asked for, or less than that."""
    weights = dict.fromkeys(Form, 0.0)
    for kind, settings in _words(accept):
        form = _FORMS.get(kind)
        if form is Form.TEXT or (form is Form.OPEN and settings.get("version", "") in _VERSIONS):
            weights[form] = max(weights[form], _weight(settings))
    return Form.OPEN if weights[Form.OPEN] > 0 and weights[Form.OPEN] >= weights[Form.TEXT] else Form.TEXT


def takes_gzip(accept_encoding: str) -> bool:
    """Whether a header `Accept-Encoding` names gzip."""
    return any(kind in ("gzip", "x-gzip") and _weight(settings) > 0 for kind, settings in _words(accept_encoding))


def gzipped(page: bytes) -> bytes:
    """The page as `Content-Encoding: gzip` has it."""
    return zlib.compress(page, _LEVEL, _GZIP)


def _words(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each word of a header with its settings."""
    for part in header[:_LONGEST].lower().split(","):
        kind, *settings = (word.strip() for word in part.split(";"))
        yield kind, dict(setting.split("=", 1) for setting in settings if "=" in setting)


def _weight(settings: dict[str, str]) -> float:
    try:
        return min(1.0, max(0.0, float(settings.get("q", "1"))))
    except ValueError:
        return 0.0
