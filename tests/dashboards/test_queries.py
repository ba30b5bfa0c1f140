"""Every query of every panel, put to a real Prometheus that knows a quiet factory and an eventful one."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest

from dashboards.make.asking import filled, variables
from dashboards.make.charts import Ask, Chart, Event, Page
from dashboards.make.pages import PAGES
from lab.monitoring import Prometheus
from tests.dashboards.pictures import pictures
from tests.dashboards.store import EVENTFUL, PAIRED, PAIRED_MINUTES, QUIET, QUIET_MINUTES, Asked, samples, values
from tests.dashboards.story import MINUTES

#: Each of these had its share of trouble, or is of a recipe with metrics of its own.
TROUBLED = ("whisper", "mixtral", "search", "llama-8b", "embed", "postgres-main", "papers")
ASKS = [
    pytest.param(page, chart, ask, id=f"{page.uid}: {chart.title}: {ask.legend or place}")
    for page in PAGES
    for chart in page.charts()
    for place, ask in enumerate(chart.asks)
]
EVENTS = [pytest.param(page, event, id=f"{page.uid}: {event.name}") for page in PAGES for event in page.events]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with Prometheus(tmp_path_factory.mktemp("prometheus")) as server:
        server.load("\n".join(samples()))
        yield server.start()


def eventful(prometheus: Prometheus, page: Page) -> Iterator[Asked]:
    """The whole of the eventful day, for each service that the page could be about."""
    end = EVENTFUL + 60 * (MINUTES - 1)
    for service in TROUBLED if any(one.name == "service" for one in page.variables) else ("",):
        yield Asked(prometheus, values(page, service=service, target=_target(page)), EVENTFUL, end, whole=True)


def quiet(prometheus: Prometheus, page: Page) -> Asked:
    """Half an hour of the quiet day, when the daemon had been running for half an hour."""
    chosen = values(page, service="papers", target=_target(page))
    return Asked(prometheus, chosen, QUIET + 1800, QUIET + 60 * (QUIET_MINUTES - 1))


def _target(page: Page) -> str:
    return "meluxina" if any(one.name == "target" and not one.several for one in page.variables) else ".*"


@pytest.mark.parametrize(("page", "chart", "ask"), ASKS)
def test_it_has_data(prometheus: Prometheus, page: Page, chart: Chart, ask: Ask) -> None:
    assert any(asked.answer(chart, ask).lines for asked in eventful(prometheus, page)), ask.expr


@pytest.mark.parametrize(("page", "chart", "ask"), ASKS)
def test_it_is_empty_when_all_is_well_only_if_it_says_so(
    prometheus: Prometheus, page: Page, chart: Chart, ask: Ask
) -> None:
    found = quiet(prometheus, page).answer(chart, ask).lines
    assert bool(found) != (chart.calm or ask.calm), found


@pytest.mark.parametrize("page", [page for page in PAGES if page.uid != "reconciler-daemon"], ids=lambda page: page.uid)
def test_a_second_daemon_that_stands_by_changes_nothing(prometheus: Prometheus, page: Page) -> None:
    chosen = values(page, service="embed", target=_target(page))
    spans = ((begin + 4200, begin + 60 * (PAIRED_MINUTES - 1)) for begin in (EVENTFUL, PAIRED))
    alone, paired = (Asked(prometheus, chosen, begin, end, whole=True) for begin, end in spans)
    for chart in page.charts():
        for ask in chart.asks if not chart.of else ():
            if "time()" not in ask.expr:  # the story is told at its own time
                assert points(paired, chart, ask) == points(alone, chart, ask), ask.expr


def points(asked: Asked, chart: Chart, ask: Ask) -> dict[str, list[tuple[float, float]]]:
    """Each series by its name and labels: seconds since the begin, and values."""
    lines = asked.answer(chart, ask).lines
    return {f"{line.name} {line.labels}": [(at - asked.begin, round(v, 6)) for at, v in line.points] for line in lines}


@pytest.mark.parametrize(("page", "event"), EVENTS)
def test_events_are_marked_when_they_happen_and_only_then(prometheus: Prometheus, page: Page, event: Event) -> None:
    asked = max(eventful(prometheus, page), key=lambda one: len(one.events(page)))
    assert event.colour in {colour for _, colour in asked.events(page)}
    assert quiet(prometheus, page).events(page) == ()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.uid)
def test_each_choice_at_the_top_has_values(prometheus: Prometheus, page: Page) -> None:
    for variable in page.variables:
        chosen = dict.fromkeys(variables(variable.series), "papers")
        found = prometheus.series(filled(variable.series, chosen))
        assert {series[variable.label] for series in found}


def test_pictures_of_all_can_be_drawn(prometheus: Prometheus) -> None:
    drawn = dict(pictures(prometheus))
    assert set(drawn) == {f"{page.uid}.svg" for page in PAGES}
    for picture in drawn.values():
        assert ET.fromstring(picture).tag.endswith("svg")
        assert len(picture) < 200_000
        assert "is the daemon scraped?" not in picture
