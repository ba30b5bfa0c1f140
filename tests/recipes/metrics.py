"""The services' own metrics: what docs/service-discovery.md says of them, and whether they are where `/sd` sends to."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab.factory import Factory
from tests.e2e.world import page

_PAGE = Path(__file__).parents[2] / "docs/service-discovery.md"
_ROW = re.compile(r"^\| `(?P<recipe>[a-z]+)` \|(?P<port>[^|]+)\|(?P<path>[^|]+)\|(?P<names>[^|]+)\|$", re.MULTILINE)
_NAME = re.compile(r"`([a-zA-Z_:][a-zA-Z0-9_:]*)`")
#: The name of a sample, and that of the histogram or summary that it may be a part of.
_SAMPLE = re.compile(r"^(([a-zA-Z_:][a-zA-Z0-9_:]*?)(?:_bucket|_sum|_count)?)[{ ]", re.MULTILINE)


@dataclass(frozen=True)
class Row:
    """One recipe in the page's table; `port` is "none" where it has no metrics. `names` are always there."""

    port: str
    path: str
    names: frozenset[str]


def table() -> dict[str, Row]:
    """By recipe."""
    text = _PAGE.read_text("utf-8")
    return {match["recipe"]: _row(match) for match in _ROW.finditer(text)}


def _row(match: re.Match[str]) -> Row:
    port, path = match["port"].strip("` "), match["path"].strip("` ")
    return Row(port, path, frozenset() if port == "none" else frozenset(_NAME.findall(match["names"])))


def metrics_url(factory: Factory, service: str) -> str:
    """Where `/sd` of the daemon sends Prometheus for the one instance of a service; empty where it lists none."""
    found = list(_groups(factory, service))
    assert len(found) <= 1, found
    return found[0] if found else ""


def _groups(factory: Factory, service: str) -> Iterator[str]:
    for group in json.loads(page(factory.state, "/sd")):
        labels = group["labels"]
        if labels["service"] == service:
            (address,) = group["targets"]
            yield f"{labels['__scheme__']}://{address}{labels['__metrics_path__']}"


def scraped(factory: Factory, service: str) -> str:
    """What Prometheus reads there. Raises OSError, also while nothing is listed."""
    url = metrics_url(factory, service)
    if not url:
        raise OSError(f"/sd lists no metrics of {service}")
    with urllib.request.urlopen(url, timeout=10) as answer:
        text: str = answer.read().decode()
    return text


def lacking(factory: Factory, service: str, recipe: str) -> list[str]:
    """The metrics that the page promises of a recipe and that a healthy service does not export. Raises OSError.

    Of a recipe without any: that `/sd` lists one.
    """
    row = table()[recipe]
    if row.port == "none":
        return ["/sd lists an address"] if metrics_url(factory, service) else []
    text = scraped(factory, service)
    return sorted(row.names - {name for found in _SAMPLE.findall(text) for name in found})
