"""A page as Grafana's own types, by the SDK: what is not in them cannot be written."""

from __future__ import annotations

import json
from collections.abc import Iterator

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as grafana

from dashboards.make.charts import WIDTH, Chart, Event, Page, Section, Variable
from dashboards.make.panels import SOURCE, panel

#: All dashboards have it; the links between them follow it.
TAG = "reconciler"
#: Name and default of the variable with the daemon's address, for links to its pages.
ADDRESS = ("daemon_url", "http://127.0.0.1:9464")


class EventQuery(grafana.AnnotationQuery):
    """An annotation of the Prometheus data source, whose own fields the SDK does not know."""

    def __init__(self, event: Event) -> None:
        super().__init__(name=event.name, datasource=SOURCE, icon_color=event.colour, expr=event.expr)
        self._own = {"step": "30s", "titleFormat": event.title, "tagKeys": ",".join(event.tags), "textFormat": ""}

    def to_json(self) -> dict[str, object]:
        """As Grafana reads it."""
        return {**super().to_json(), **self._own}


def text(page: Page) -> str:
    """The dashboard as it lies in a file."""
    return json.dumps(dashboard(page), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def dashboard(page: Page) -> grafana.Dashboard:
    """The dashboard in the SDK's types."""
    made = (
        build.Dashboard(page.title)
        .uid(page.uid)
        .description(page.about)
        .tags([TAG])
        .timezone("browser")
        .time(page.since, "now")
        .refresh("30s")
        .tooltip(grafana.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .version(1)
    )
    for link in _links(page):
        made.link(link)
    content = made.build()
    content.templating = grafana.DashboardDashboardTemplating(list(_variables(page)))
    content.annotations = grafana.AnnotationContainer([EventQuery(event) for event in page.events])
    content.panels = list(_panels(page))
    return content


def _links(page: Page) -> Iterator[build.DashboardLink]:
    yield (
        build.DashboardLink("Reconciler")
        .type(grafana.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)  # noqa: FBT003 - the SDK's own way
        .include_vars(True)  # noqa: FBT003
        .keep_time(True)  # noqa: FBT003
    )
    for title, path in page.links:
        yield (
            build.DashboardLink(title)
            .type(grafana.DashboardLinkType.LINK)
            .icon("external link")
            .url(f"${{{ADDRESS[0]}}}{path}")
            .target_blank(True)  # noqa: FBT003
        )


def _variables(page: Page) -> Iterator[grafana.VariableModel]:
    yield build.DatasourceVariable("datasource").label("Prometheus").type("prometheus").build()
    for variable in page.variables:
        yield _choice(variable)
    name, default = ADDRESS
    about = "Where the daemon's pages are, as your browser reaches them; only links use it."
    yield build.TextBoxVariable(name).label("Daemon's address").description(about).default_value(default).build()


def _choice(variable: Variable) -> grafana.VariableModel:
    query: dict[str, object] = {
        "query": f"label_values({variable.series}, {variable.label})",
        "qryType": 1,
        "refId": variable.name,
    }
    made = (
        build.QueryVariable(variable.name)
        .label(variable.title)
        .datasource(SOURCE)
        .query(query)
        .refresh(grafana.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(grafana.VariableSort.ALPHABETICAL_ASC)
    )
    if variable.several:
        every = grafana.VariableOption(text="All", value="$__all", selected=True)
        made = made.multi(True).include_all(True).all_value(".*").current(every)  # noqa: FBT003
    return made.build()


def _panels(page: Page) -> Iterator[grafana.Panel | grafana.RowPanel]:
    number, top = 0, 0
    for section in page.sections:
        number += 1
        row = grafana.RowPanel(collapsed=section.folded, title=section.title, id_val=number)
        row.grid_pos = grafana.GridPos(h=1, w=WIDTH, x=0, y=top)
        inside = []
        for chart, place in places(section, top + 1):
            number += 1
            made = panel(chart, number)
            made.grid_pos = place
            inside.append(made)
        bottom = max(one.grid_pos.y + one.grid_pos.h for one in inside if one.grid_pos)
        top = top + 1 if section.folded else bottom
        row.panels = inside if section.folded else []
        yield row
        yield from () if section.folded else inside


def places(section: Section, top: int) -> Iterator[tuple[Chart, grafana.GridPos]]:
    """Charts side by side from the left, in lines as high as the highest in them."""
    left, line = 0, 0
    for chart in section.charts:
        if left + chart.width > WIDTH:
            left, top, line = 0, top + line, 0
        yield chart, grafana.GridPos(h=chart.height, w=chart.width, x=left, y=top)
        left, line = left + chart.width, max(line, chart.height)
