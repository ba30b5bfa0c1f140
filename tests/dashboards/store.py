"""A real Prometheus that knows the story, and the questions of the dashboards put to it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from dashboards.make.asking import filled, legend, variables
from dashboards.make.charts import Ask, Chart, Page
from dashboards.picture.draw import Answer
from dashboards.picture.paper import Line
from lab.monitoring import Prometheus
from reconciler.metrics import Exporter
from tests.dashboards.scrapes import faiss_metrics, faiss_page, recorded, scraped
from tests.dashboards.story import BEGIN, FACTORY, MINUTES, Factory

EVENTFUL = int(BEGIN.timestamp())
#: The quiet factory was scraped a day before the eventful one.
QUIET = EVENTFUL - 86400
QUIET_MINUTES = 90
#: The daemon was started anew at this minute.
RESTARTED = 320
#: A week before that, the first hours of the eventful one were scraped from two daemons, of which one stood by.
PAIRED = EVENTFUL - 7 * 86400
PAIRED_MINUTES = 160
#: What only the one that acts counts.
_ACTS = ("reconciler_action", "reconciler_service_restarts_total", "reconciler_service_renewals_total")
DAEMON = {"job": "reconciler", "instance": "factory:9464"}


def samples() -> Iterator[str]:
    """The whole of both factories."""
    small = tuple(one for one in FACTORY if one.name in ("bucket", "papers"))
    for minute, page in _pages(Factory(small, quiet=True), QUIET_MINUTES):
        yield from scraped(page, QUIET + 60 * minute, DAEMON)
    for minute, page in _pages(Factory(), PAIRED_MINUTES):
        yield from scraped(page, PAIRED + 60 * minute, DAEMON)
        yield from scraped(_idle(page), PAIRED + 60 * minute, DAEMON | {"instance": "reserve:9464"})
    metrics = faiss_metrics()
    for minute, page in _pages(Factory(), MINUTES):
        at = EVENTFUL + 60 * minute
        yield from scraped(page, at, DAEMON)
        for recipe, service in (("vllm", "llama-8b"), ("triton", "embed"), ("postgresql", "postgres-main")):
            yield from scraped(recorded(recipe, minute), at, _found(service, recipe))
        yield from scraped(faiss_page(metrics, minute), at, _found("papers", "faiss"))


def _pages(factory: Factory, count: int) -> Iterator[tuple[int, str]]:
    exporter = Exporter(factory.board, lambda: factory.now)
    for minute in factory.minutes(count):
        page = exporter.page().decode()
        lines = [line for line in page.splitlines() if not line.startswith("process_")]
        yield minute, "\n".join([*lines, *_process(minute, count)])


def _idle(page: str) -> str:
    """The page of a daemon that looks, and stands by."""
    lines = page.splitlines()
    return "\n".join(f"{line.rpartition(' ')[0]} 0" if line.startswith(_ACTS) else line for line in lines)


def _process(minute: int, count: int) -> Iterator[str]:
    """What the client library says of the process: this one is not the daemon's."""
    begun = EVENTFUL - 50_000 if minute < RESTARTED else EVENTFUL + 60 * RESTARTED
    past = minute if minute < RESTARTED else minute - RESTARTED
    yield f"process_start_time_seconds {begun if count == MINUTES else QUIET - 60}"
    yield f"process_cpu_seconds_total {(100 if past == minute else 0) + 2.4 * past + 20 * math.sin(past / 20)}"
    yield f"process_resident_memory_bytes {(92 + 6 * math.sin(minute / 40) + past / 60) * 2**20}"
    yield f"process_open_fds {38 + minute % 5}"
    yield "process_max_fds 1024"


def _found(service: str, recipe: str) -> dict[str, str]:
    """The labels that service discovery gives."""
    labels = {"service": service, "replica": "0", "recipe": recipe, "platform": "slurm", "target": "meluxina"}
    return {"job": "services", "instance": f"{service}.0", **labels}


@dataclass(frozen=True)
class Asked:
    """One page's questions, with these values of its variables, over this span of time.

    What is only asked for now is asked at the end of the span; if `whole`, at each of its moments too.
    """

    prometheus: Prometheus
    chosen: dict[str, str]
    begin: int
    end: int
    step: int = 60
    whole: bool = False

    def __call__(self, chart: Chart) -> tuple[Answer, ...]:
        return tuple(self.answer(chart, ask) for ask in chart.asks)

    def answer(self, chart: Chart, ask: Ask) -> Answer:
        """What the query gives."""
        expr = filled(ask.expr, self.chosen)
        begin = self.end if chart.instant and not self.whole else self.begin
        found = self.prometheus.query_range(expr, begin, self.end, self.step)
        span = (float(self.begin), float(self.end))
        lines = []
        for series in found:
            labels = {key: value for key, value in sorted(series.labels.items()) if key not in ("job", "__name__")}
            values = tuple((at, value) for at, value in series.values if not math.isnan(value))
            if values:
                lines.append(Line(legend(ask.legend, series.labels), tuple(labels.items()), values, span))
        return Answer(ask, tuple(lines))

    def events(self, page: Page) -> tuple[tuple[float, str], ...]:
        """When each event of the page began, and its colour."""
        found = []
        for event in page.events:
            expr = filled(event.expr, {"target": ".*"} | self.chosen)
            for series in self.prometheus.query_range(expr, self.begin + 300, self.end, 60):
                times = [at for at, value in series.values if value > 0]
                begun = [at for past, at in zip([0.0, *times], times, strict=False) if at - past > 60]
                found += [(at, event.colour) for at in begun]
        return tuple(sorted(found))


def values(page: Page, **chosen: str) -> dict[str, str]:
    """A value for each variable of a page: the given one, or all."""
    names = {name for chart in page.charts() for ask in chart.asks for name in variables(ask.expr)}
    return dict.fromkeys(names, ".*") | {"__rate_interval": "4m"} | chosen
