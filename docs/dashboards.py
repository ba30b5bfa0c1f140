"""The dashboards' JSON, and the table in docs/dashboards.md: which metric is on which panel and in which alert."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from dashboards.make.charts import Page
from dashboards.make.grafana import text
from dashboards.make.pages import PAGES
from docs.alerts import RULES
from reconciler.metrics.families import FAMILIES

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "dashboards.md"

_Asked = tuple[str, frozenset[str]]
_LINE = "do not edit below this line -->\n"
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_PARTS = ("_bucket", "_count", "_sum")


def files() -> dict[Path, str]:
    """What each file must say. Raises ValueError when docs/dashboards.md has lost its mark."""
    written, mark, _ = PAGE.read_text("utf-8").partition(_LINE)
    if not mark:
        raise ValueError(f"docs/dashboards.md: no line that ends with {_LINE.strip()!r}; put it before the table")
    made = {ROOT / "dashboards" / page.file: text(page) for page in PAGES}
    return made | {PAGE: "\n".join([written + mark, *_table(), ""])}


def metrics(expr: str) -> frozenset[str]:
    """The metrics that an expression asks for, also through recording rules; parts of a histogram by its own name."""
    found = set()
    for name in _NAME.findall(expr):
        if name in _records():
            found |= metrics(_records()[name])
        elif (whole := _whole(name)) in _families():
            found.add(whole)
    return frozenset(found)


def _table() -> Iterator[str]:
    yield "| metric | panel | alert |"
    yield "|---|---|---|"
    asked = {page.title.rpartition(" / ")[2]: tuple(_panels(page)) for page in PAGES}
    alerts = tuple(_alerts())
    for family in FAMILIES:
        panels = {where: _named(family.name, found) for where, found in asked.items()}
        shown = "; ".join(f"{where}: {words}" for where, words in panels.items() if words)
        yield f"| `{family.name}` | {shown} | {_named(family.name, alerts)} |"


def _named(metric: str, asked: tuple[_Asked, ...]) -> str:
    return ", ".join(dict.fromkeys(words for words, used in asked if metric in used))


def _panels(page: Page) -> Iterator[_Asked]:
    for chart in page.charts():
        yield chart.title, frozenset[str]().union(*(metrics(ask.expr) for ask in chart.asks))
    for event in page.events:
        yield f"marks of {event.name.lower()}", metrics(event.expr)


def _alerts() -> Iterator[_Asked]:
    for rule in _rules():
        if "alert" in rule:
            yield f"[{rule['alert']}](runbooks/{rule['alert']}.md)", metrics(rule["expr"])


@cache
def _rules() -> tuple[dict[str, Any], ...]:
    files = (YAML(typ="safe").load(path) for path in RULES)
    return tuple(rule for content in files for group in content["groups"] for rule in group["rules"])


@cache
def _records() -> dict[str, str]:
    return {rule["record"]: rule["expr"] for rule in _rules() if "record" in rule}


@cache
def _families() -> frozenset[str]:
    return frozenset(family.name for family in FAMILIES)


def _whole(name: str) -> str:
    return next((name.removesuffix(part) for part in _PARTS if name.removesuffix(part) in _families()), name)
