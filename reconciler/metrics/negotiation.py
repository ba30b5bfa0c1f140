"""Which of the two formats a scraper asks for."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.metrics.exposition import Form

#: Longer headers are no longer looked at in full.
_LONGEST = 2_000
_VERSIONS = ("", "0.0.1", "1.0.0")
_FORMS = {
    "application/openmetrics-text": Form.OPEN,
    "text/plain": Form.TEXT,
    "text/*": Form.TEXT,
    "*/*": Form.TEXT,
}


def choose(accept: str) -> Form:
    """The format for a header `Accept`; plain text where OpenMetrics is not asked for, or less than that."""
    weights = dict.fromkeys(Form, 0.0)
    for form, weight in _ranges(accept[:_LONGEST]):
        weights[form] = max(weights[form], weight)
    return Form.OPEN if weights[Form.OPEN] > 0 and weights[Form.OPEN] >= weights[Form.TEXT] else Form.TEXT


def _ranges(accept: str) -> Iterator[tuple[Form, float]]:
    for part in accept.split(","):
        kind, *settings = (word.strip() for word in part.lower().split(";"))
        known = dict(setting.split("=", 1) for setting in settings if "=" in setting)
        form = _FORMS.get(kind)
        if form is Form.TEXT or (form is Form.OPEN and known.get("version", "") in _VERSIONS):
            yield form, _weight(known.get("q", "1"))


def _weight(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0
