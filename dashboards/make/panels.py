"""One chart as a panel of Grafana's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from string import ascii_uppercase

from grafana_foundation_sdk.builders import common as build_common
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as grafana
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.make.charts import Ask, Chart, Kind

#: The Prometheus that is chosen at the top of the dashboard; nothing is asked anywhere else.
SOURCE = grafana.DataSourceRef(type_val="prometheus", uid="${datasource}")
#: Where the name of a service in a table leads.
SERVICE = "/d/reconciler-service?var-service=${__value.text}&${__url_time_range}&var-datasource=${datasource}"

_Builder = stat.Panel | statetimeline.Panel | table.Panel | timeseries.Panel


def panel(chart: Chart, number: int) -> grafana.Panel:
    """The panel, without a place; `number` is its id."""
    made = _builder(chart)
    made.id(number).title(chart.title).description(chart.about).datasource(SOURCE).unit(chart.unit)
    made.no_value(chart.empty).thresholds(_steps(chart.steps)).targets(list(_targets(chart)))
    made.color_scheme(build.FieldColor().mode(_scheme(chart)))
    made.min(0) if chart.kind in (Kind.LINES, Kind.STACK) else made
    if chart.top is not None:
        made.max(chart.top)
    if chart.values:
        made.mappings([_mapping(chart.values)])
    for name, colour in chart.colours:
        made.override_by_name(name, [_property("color", {"mode": "fixed", "fixedColor": colour})])
    return made.build()


def _builder(chart: Chart) -> _Builder:
    match chart.kind:
        case Kind.STAT:
            return _stat(chart)
        case Kind.TABLE:
            return _table(chart)
        case Kind.TIMELINE:
            timeline = statetimeline.Panel().merge_values(True).row_height(0.8).fill_opacity(80)  # noqa: FBT003
            return timeline.show_value(common.VisibilityMode.AUTO)
        case Kind.LINES | Kind.STACK:
            return _lines(chart)


def _stat(chart: Chart) -> stat.Panel:
    plain = chart.instant or chart.values or len(chart.asks) > 1
    return (
        stat.Panel()
        .reduce_options(build_common.ReduceDataOptions().calcs(["lastNotNull"]))
        .color_mode(common.BigValueColorMode.BACKGROUND if chart.values else common.BigValueColorMode.VALUE)
        .graph_mode(common.BigValueGraphMode.NONE if plain else common.BigValueGraphMode.AREA)
        .text_mode(common.BigValueTextMode.VALUE_AND_NAME if len(chart.asks) > 1 else common.BigValueTextMode.VALUE)
    )


def _lines(chart: Chart) -> timeseries.Panel:
    legend = build_common.VizLegendOptions().show_legend(True).placement(common.LegendPlacement.BOTTOM)  # noqa: FBT003
    made = (
        timeseries.Panel()
        .legend(legend.display_mode(common.LegendDisplayMode.LIST))
        .tooltip(
            build_common.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING)
        )
        .line_width(1)
        .fill_opacity(60 if chart.kind is Kind.STACK else 8)
        .show_points(common.VisibilityMode.NEVER)
    )
    if chart.kind is Kind.STACK:
        made.stacking(build_common.StackingConfig().mode(common.StackingMode.NORMAL))
    if len(chart.steps) > 1:
        made.thresholds_style(build_common.GraphThresholdsStyleConfig().mode(common.GraphTresholdsStyleMode.DASHED))
    return made


def _table(chart: Chart) -> table.Panel:
    several = len(chart.asks) > 1
    names = {(f"Value #{letter}" if several else "Value"): ask.legend for letter, ask in _lettered(chart)}
    names |= {label: label.capitalize() for label in ("service", "target", "recipe", "revision", "platform", "class")}
    order = {"renameByName": names, "excludeByName": {"Time": True, "job": True}}
    made = (
        table.Panel()
        .show_header(True)  # noqa: FBT003
        .with_transformation(grafana.DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(grafana.DataTransformerConfig(id_val="organize", options=order))
    )
    for ask in chart.asks:
        made.override_by_name(ask.legend, list(_column(ask)))
    link = {"title": "Dashboard of ${__value.text}", "url": SERVICE}
    return made.override_by_name("Service", [_property("links", [link])])


def _column(ask: Ask) -> Iterator[grafana.DynamicConfigValue]:
    yield _property("unit", ask.unit or "none")
    if ask.values:
        yield _property("mappings", [_mapping(ask.values)])
    if ask.steps:
        steps = [
            {"value": value if index else None, "color": colour} for index, (value, colour) in enumerate(ask.steps)
        ]
        yield _property("thresholds", {"mode": "absolute", "steps": steps})
    if ask.values or ask.steps:
        yield _property("custom.cellOptions", {"type": "color-text"})


def _targets(chart: Chart) -> Iterator[prometheus.Dataquery]:
    for letter, ask in _lettered(chart):
        query = prometheus.Dataquery().expr(ask.expr).ref_id(letter).datasource(SOURCE)
        query = query.instant() if chart.instant else query.range()
        if chart.kind is Kind.TABLE:
            yield query.format(PromQueryFormat.TABLE)
        else:
            yield query.legend_format(ask.legend or "__auto")


def _lettered(chart: Chart) -> Iterable[tuple[str, Ask]]:
    return zip(ascii_uppercase, chart.asks, strict=False)


def _scheme(chart: Chart) -> grafana.FieldColorModeId:
    lines = chart.kind in (Kind.LINES, Kind.STACK)
    return grafana.FieldColorModeId.PALETTE_CLASSIC if lines else grafana.FieldColorModeId.THRESHOLDS


def _steps(steps: tuple[tuple[float, str], ...]) -> build.ThresholdsConfig:
    made = [grafana.Threshold(value if index else None, colour) for index, (value, colour) in enumerate(steps)]
    return build.ThresholdsConfig().mode(grafana.ThresholdsMode.ABSOLUTE).steps(made)


def _mapping(values: tuple[tuple[int, str, str], ...]) -> grafana.ValueMap:
    results = enumerate(values)
    return grafana.ValueMap(
        {
            str(number): grafana.ValueMappingResult(text=name, color=colour, index=at)
            for at, (number, name, colour) in results
        }
    )


def _property(name: str, value: object) -> grafana.DynamicConfigValue:
    return grafana.DynamicConfigValue(name, value)
