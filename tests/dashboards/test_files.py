"""The files that Grafana reads: what Grafana demands of them, as far as it can be known without one."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from ruamel.yaml import YAML

from dashboards.make.asking import variables
from dashboards.make.charts import WIDTH, Chart, Page
from dashboards.make.grafana import text
from dashboards.make.pages import PAGES
from docs.dashboards import metrics

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "dashboards"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
#: Fields of an annotation that only the Prometheus data source knows; the SDK drops them.
OWN = {"step", "titleFormat", "tagKeys", "textFormat"}
CHARTS = [pytest.param(page, chart, id=f"{page.uid}: {chart.title}") for page in PAGES for chart in page.charts()]
EVENTS = [event for page in PAGES for event in page.events]


def content(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / page.file).read_text("utf-8"))
    return found


def panels(page: Page) -> Iterator[dict[str, Any]]:
    """All panels and rows, those inside folded rows too."""
    for panel in content(page)["panels"]:
        yield panel
        yield from panel.get("panels", ())


def areas(found: list[dict[str, Any]]) -> Counter[tuple[int, int]]:
    """How many panels are on each cell of the grid."""
    places = [panel["gridPos"] for panel in found]
    return Counter(
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.uid)
def test_the_files_are_what_the_code_makes(page: Page) -> None:
    assert (FOLDER / page.file).read_text("utf-8") == text(page), "run `make docs`"


def test_there_is_no_other_dashboard_and_uids_never_change() -> None:
    assert sorted(path.name for path in FOLDER.glob("*.json")) == sorted(page.file for page in PAGES)
    assert [page.uid for page in PAGES] == [
        "reconciler-overview",
        "reconciler-service",
        "reconciler-slurm",
        "reconciler-daemon",
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.uid)
def test_the_types_of_grafana_read_it_and_write_the_same(page: Page) -> None:
    register_default_plugins()
    written = content(page)
    read = json.loads(json.dumps(Dashboard.from_json(written), cls=JSONEncoder))
    for event in written["annotations"]["list"]:
        assert event.keys() >= OWN
        for name in OWN:
            del event[name]
    assert read == written


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.uid)
def test_panels_have_numbers_of_their_own_and_places_of_their_own(page: Page) -> None:
    numbers = Counter(panel["id"] for panel in panels(page))
    assert [number for number, count in numbers.items() if count > 1] == []
    outside = content(page)["panels"]
    folded = [panel["panels"] for panel in outside if panel.get("panels")]
    for group in (outside, *folded):
        cells = areas(group)
        assert {cell for cell, count in cells.items() if count > 1} == set()
        assert max(x for x, _ in cells) < WIDTH


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.uid)
def test_every_panel_asks_the_chosen_prometheus_and_explains_itself(page: Page) -> None:
    known = {variable["name"] for variable in content(page)["templating"]["list"]}
    assert known >= {"datasource", "daemon_url"}
    for panel in panels(page):
        if panel["type"] == "row":
            continue
        fields = panel["fieldConfig"]["defaults"]
        assert panel["datasource"] == SOURCE
        assert len(panel["description"]) > 10
        assert fields["unit"]
        assert fields["noValue"]
        assert fields["thresholds"]["steps"][0]["value"] is None
        for target in panel["targets"]:
            assert target["datasource"] == SOURCE
            assert variables(target["expr"]) <= known | {"__rate_interval"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.uid)
def test_links_lead_to_dashboards_and_pages_that_are_there(page: Page) -> None:
    found = content(page)
    uids = re.findall(r"/d/([\w-]+)", json.dumps(found))
    assert set(uids) <= {one.uid for one in PAGES}
    assert {link["url"] for link in found["links"] if link["type"] == "link"} >= {"${daemon_url}/status"}
    dropdown = [link for link in found["links"] if link["type"] == "dashboards"]
    assert [link["tags"] for link in dropdown] == [found["tags"]]
    routes = (ROOT / "reconciler" / "web").rglob("*.py")
    served = set(re.findall(r'@\w+\.get\("([^"]+)"', "".join(path.read_text("utf-8") for path in routes)))
    paths = {path.replace("${service}", "{name}") for _, path in page.links}
    assert paths <= served


@pytest.mark.parametrize(("page", "chart"), CHARTS)
def test_its_metrics_are_documented(page: Page, chart: Chart) -> None:
    for ask in chart.asks:
        ours = set(re.findall(r"\breconciler_\w+", ask.expr))
        assert bool(metrics(ask.expr)) == (not chart.of), (page.uid, ask.expr)
        assert {name for name in ours if not metrics(name)} == set()


def test_marks_are_of_commits_restarts_and_starts() -> None:
    assert {event.name for event in EVENTS} == {"Commits", "Restarts", "Starts of the daemon"}
    assert all(metrics(event.expr) for event in EVENTS)


def test_grafana_is_told_where_the_files_are() -> None:
    providers = YAML(typ="safe").load(FOLDER / "provisioning" / "dashboards.yaml")
    sources = YAML(typ="safe").load(FOLDER / "provisioning" / "datasources.yaml")
    assert providers["apiVersion"] == sources["apiVersion"] == 1
    (provider,) = providers["providers"]
    assert provider["type"] == "file"
    assert provider["options"]["path"].startswith("/")
    assert [source["type"] for source in sources["datasources"]] == [SOURCE["type"]]
