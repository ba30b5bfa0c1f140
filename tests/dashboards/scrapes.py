"""What Prometheus would have scraped: pages of many moments as one text that it can load."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from reconciler.faiss_server.index import new_index
from reconciler.faiss_server.metrics import Metrics

_LINE = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)")
_RECORDED = Path(__file__).parent / "recorded"


def scraped(page: str, at: int, labels: Mapping[str, str]) -> Iterator[str]:
    """The samples of a page at a moment, with the labels of the scrape; those of the page win (`honor_labels`)."""
    number = 0
    for line in page.splitlines():
        found = _LINE.fullmatch(line)
        if found:
            number += 1
            yield _sample(found["name"], found["labels"] or "", found["value"], labels, at)
    mine = {"up": 1.0, "scrape_duration_seconds": 0.004 + number / 1e6, "scrape_samples_scraped": float(number)}
    for name, value in mine.items():
        yield _sample(name, "", str(value), labels, at)


def _sample(name: str, own: str, value: str, labels: Mapping[str, str], at: int) -> str:
    known = {part.partition("=")[0] for part in re.findall(r'\w+="', own)}
    added = [f'{key}="{text}"' for key, text in labels.items() if key not in known]
    return f"{name}{{{','.join(filter(None, [own, *added]))}}} {value} {at}"


def recorded(recipe: str, minute: int) -> str:
    """A recorded page of such a service as it would be at a minute: counters have grown, gauges move."""
    kinds: dict[str, str] = {}
    lines = []
    wave = 1 + 0.4 * math.sin(minute / 17)
    grown = minute + 4 * math.sin(minute / 17) + 5
    for line in (_RECORDED / f"{recipe}.prom").read_text("utf-8").splitlines():
        if line.startswith("# TYPE "):
            kinds[line.split()[2]] = line.split()[3]
        elif not line.startswith("#"):
            name, value = line.partition("{")[0].partition(" ")[0], float(line.rpartition(" ")[2])
            gauge = kinds.get(name) == "gauge"
            lines.append(f"{line.rpartition(' ')[0]} {value * (wave if gauge else grown)}")
    return "\n".join(lines)


def faiss_page(metrics: Metrics, minute: int) -> str:
    """The page of the real server's metrics, one minute of queries later."""
    for _ in range(3 + minute % 5):
        with metrics.timed("search", 8):
            pass
    with metrics.timed("add", 16):
        pass
    return metrics.text().decode()


def faiss_metrics() -> Metrics:
    """The metrics of a real, empty index."""
    return Metrics(new_index(4))
