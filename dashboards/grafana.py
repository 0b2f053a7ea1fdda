"""Makes Grafana's JSON of a board: the only door to grafana-foundation-sdk.

The SDK's models are filled, not its builders: those of the panel kinds have no common type. Its pitfalls: ids, units
and interval are None unless set, and an override's value must be plain JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import (
    bargauge,
    common,
    prometheus,
    stat,
    statetimeline,
    statushistory,
    table,
    timeseries,
)
from grafana_foundation_sdk.models import dashboard as model

from dashboards.limits import GREY, PLAIN, States, Steps
from dashboards.model import Board, Cell, Column, Link, Panel, Place, Query, Variable, placed

TAG = "nadi"
INTERVAL = "1m"
SOURCES = {
    "turunan": "Sumber: turunan pengumpul; tidak dihitung ulang di dasbor.",
    "mentah": "Sumber: bacaan mentah terakhir dari agen.",
    "langsung": "Sumber: langsung (dihitung dari penghitung mentah saat dibuka), bukan angka laporan.",
}
_SOURCE = common.DataSourceRef(type_val="prometheus", uid="${ds}")


def encoded(board: Board) -> str:
    """Return a board as JSON with sorted keys and a final newline; the same bytes each time."""
    text = JSONEncoder(sort_keys=True, indent=1, ensure_ascii=False).encode(_dashboard(board))
    return text + "\n"


def _dashboard(board: Board) -> model.Dashboard:
    panels = [_panel(panel, place) for panel, place in zip(board.panels, placed(board.panels), strict=True)]
    return model.Dashboard(
        uid=board.uid,
        title=board.title,
        description=board.purpose,
        tags=[TAG],
        timezone="browser",
        editable=False,
        graph_tooltip=model.DashboardCursorSync.CROSSHAIR,
        time=model.DashboardDashboardTime(board.span, "now"),
        refresh=board.refresh,
        panels=panels,
        templating=model.DashboardDashboardTemplating([_source(), *(_variable(item) for item in board.variables)]),
        annotations=model.AnnotationContainer([_closed(board), _alarms()]),
        links=[_others()],
    )


def _source() -> model.VariableModel:
    return model.VariableModel(
        type_val=model.VariableType.DATASOURCE,
        name="ds",
        label="Sumber data",
        query="prometheus",
        refresh=model.VariableRefresh.ON_DASHBOARD_LOAD,
    )


def _variable(item: Variable) -> model.VariableModel:
    every = model.VariableOption(selected=True, text=["Semua"], value=["$__all"]) if item.many else None
    return model.VariableModel(
        type_val=model.VariableType.QUERY,
        name=item.name,
        label=item.label,
        query={"query": item.query, "refId": f"variable-{item.name}", "qryType": 1},
        definition=item.query,
        datasource=_SOURCE,
        refresh=model.VariableRefresh.ON_TIME_RANGE_CHANGED,
        sort=model.VariableSort.ALPHABETICAL_ASC,
        multi=item.many,
        include_all=item.many,
        all_value=(item.all_value or None) if item.many else None,
        current=every,
    )


def _closed(board: Board) -> model.AnnotationQuery:
    """Mark announced work and disconnections; on a board of one OPD only its own."""
    one = "{" + ", ".join(f'{item.name}="${item.name}"' for item in board.variables if not item.many) + "}"
    return model.AnnotationQuery(
        name="Pemeliharaan dan pemutusan",
        datasource=_SOURCE,
        enable=True,
        icon_color="blue",
        expr=f"nadi_maintenance_active{one} == 1 or nadi_disconnection_active{one} == 1".replace("{}", ""),
        title_format="{{maintenance}}{{disconnection}}",
        text_format="{{opd}} {{link}}",
        step=INTERVAL,
    )


def _alarms() -> model.AnnotationQuery:
    return model.AnnotationQuery(
        name="Alarm kritis",
        datasource=_SOURCE,
        enable=False,
        icon_color="red",
        expr='ALERTS{alertstate="firing", severity="kritis"}',
        title_format="{{alertname}}",
        text_format="{{opd}} {{link}}",
        step=INTERVAL,
    )


def _others() -> model.DashboardLink:
    return model.DashboardLink(
        title="Dasbor Nadi",
        type_val=model.DashboardLinkType.DASHBOARDS,
        icon="external link",
        tooltip="Semua dasbor Nadi pada rentang waktu yang sama",
        tags=[TAG],
        as_dropdown=True,
        keep_time=True,
    )


# --- panels ---


def _panel(panel: Panel, place: Place) -> model.Panel | model.RowPanel:
    spot = model.GridPos(h=panel.height, w=panel.width, x=place.x, y=place.y)
    if panel.kind == "row":
        return model.RowPanel(collapsed=False, title=panel.title, grid_pos=spot, id_val=panel.id, panels=[])
    return model.Panel(
        type_val=panel.kind,
        id_val=panel.id,
        title=panel.title,
        description=f"{panel.help}\n\n{SOURCES[panel.source]}",
        datasource=_SOURCE,
        grid_pos=spot,
        interval=INTERVAL,
        targets=[_target(panel, query, i) for i, query in enumerate(panel.queries)],
        transformations=_transformations(panel) or None,
        options=_options(panel),
        field_config=model.FieldConfigSource(defaults=_defaults(panel), overrides=_overrides(panel)),
    )


def letter(place: int) -> str:
    """Return the name of a panel's query: A, B, C …"""
    return chr(ord("A") + place)


def _target(panel: Panel, query: Query, place: int) -> prometheus.Dataquery:
    at_once = panel.kind in {"stat", "table", "bargauge"}
    return prometheus.Dataquery(
        datasource=_SOURCE,
        expr=query.expr,
        ref_id=letter(place),
        legend_format=query.legend or panel.columns[-1].title,
        instant=at_once,
        range_val=not at_once,
        format_val=prometheus.PromQueryFormat.TABLE if panel.kind == "table" else None,
    )


def _defaults(panel: Panel) -> model.FieldConfig:
    look = panel.look
    drawn = panel.kind == "timeseries"
    mode = model.FieldColorModeId.PALETTE_CLASSIC if drawn else model.FieldColorModeId.THRESHOLDS
    return model.FieldConfig(
        unit=look.unit,
        decimals=look.decimals,
        min_val=look.low,
        max_val=look.high,
        thresholds=_steps(look.steps),
        color=model.FieldColor(mode=mode),
        mappings=_mappings(look.states, panel.no_value if panel.kind != "timeseries" else ""),
        links=[_link(look.link)] if look.link else None,
        no_value=panel.no_value,
        custom=_custom(panel),
    )


def _steps(steps: Steps) -> model.ThresholdsConfig:
    return model.ThresholdsConfig(
        model.ThresholdsMode.ABSOLUTE, [model.Threshold(low, colour) for low, colour in steps]
    )


def _mappings(states: States | None, unknown: str) -> list[model.ValueMapping]:
    """Give words to numbers, and grey to what is unknown: Grafana would paint it as the lowest value."""
    found: list[model.ValueMapping] = []
    if states:
        words = {
            str(code): model.ValueMappingResult(text=word.text, color=word.colour, index=i)
            for i, (code, word) in enumerate(sorted(states.items()))
        }
        found.append(model.ValueMap(words))
    if unknown:
        result = model.ValueMappingResult(text=unknown, color=GREY, index=len(states or ()))
        options = model.DashboardSpecialValueMapOptions(model.SpecialValueMatch.NULL_AND_NAN, result)
        found.append(model.SpecialValueMap(options))
    return found


def _link(link: Link, *, cell: bool = False) -> model.DashboardLink:
    code = "__value.text" if cell else f"__field.labels.{link.label}"
    chosen = f"&var-{link.variable}=${{{code}}}" if link.variable else ""
    title = "Buka rincian" if link.variable else "Buka dasbor"
    return model.DashboardLink(title=title, url=f"/d/{link.board}?var-ds=${{ds}}{chosen}&${{__url_time_range}}")


# --- how each kind draws ---

_LEGEND = common.VizLegendOptions(
    display_mode=common.LegendDisplayMode.TABLE,
    placement=common.LegendPlacement.BOTTOM,
    show_legend=True,
    calcs=["lastNotNull", "max"],
)
_HIDDEN = common.VizLegendOptions(
    display_mode=common.LegendDisplayMode.LIST, placement=common.LegendPlacement.BOTTOM, show_legend=False
)
_TOOLTIP = common.VizTooltipOptions(mode=common.TooltipDisplayMode.MULTI, sort=common.SortOrder.DESCENDING)
_ONE = common.VizTooltipOptions(mode=common.TooltipDisplayMode.SINGLE, sort=common.SortOrder.NONE)
_NEWEST = common.ReduceDataOptions(values=False, calcs=["lastNotNull"], fields="")


def _options(panel: Panel) -> object:
    if panel.kind == "stat":
        plain = panel.look.steps == PLAIN and panel.look.states is None
        many = "{{" in panel.queries[0].legend
        return stat.Options(
            graph_mode=common.BigValueGraphMode.NONE,
            color_mode=common.BigValueColorMode.VALUE if plain else common.BigValueColorMode.BACKGROUND,
            text_mode=common.BigValueTextMode.VALUE_AND_NAME if many else common.BigValueTextMode.VALUE,
            reduce_options=_NEWEST,
        )
    if panel.kind == "bargauge":
        return bargauge.Options(
            display_mode=common.BarGaugeDisplayMode.BASIC,
            orientation=common.VizOrientation.HORIZONTAL,
            name_placement=common.BarGaugeNamePlacement.LEFT,
            legend=_HIDDEN,
            reduce_options=_NEWEST,
        )
    if panel.kind == "table":
        sort = [common.TableSortByFieldState(panel.sort, desc=True)] if panel.sort else None
        return table.Options(sort_by=sort)
    if panel.kind == "state-timeline":
        return statetimeline.Options(show_value=common.VisibilityMode.NEVER, legend=_LEGEND_OF_STATES, tooltip=_ONE)
    if panel.kind == "status-history":
        return statushistory.Options(show_value=common.VisibilityMode.NEVER, legend=_LEGEND_OF_STATES, tooltip=_ONE)
    return timeseries.Options(legend=_LEGEND, tooltip=_TOOLTIP)


_LEGEND_OF_STATES = common.VizLegendOptions(
    display_mode=common.LegendDisplayMode.LIST, placement=common.LegendPlacement.BOTTOM, show_legend=True
)


def _custom(panel: Panel) -> object:
    if panel.kind == "timeseries":
        limits = panel.look.steps != PLAIN
        style = common.GraphThresholdsStyleMode.DASHED if limits else common.GraphThresholdsStyleMode.OFF
        return common.GraphFieldConfig(
            draw_style=common.GraphDrawStyle.LINE,
            line_width=1,
            fill_opacity=8,
            show_points=common.VisibilityMode.AUTO,
            span_nulls=False,
            axis_centered_zero=True if panel.mirror else None,
            thresholds_style=common.GraphThresholdsStyleConfig(style),
        )
    if panel.kind == "table":
        return common.TableFieldOptions(align=common.FieldTextAlignment.AUTO, cell_options=_cell("text"))
    if panel.kind == "state-timeline":
        return statetimeline.FieldConfig(fill_opacity=85, span_nulls=False)
    if panel.kind == "status-history":
        return statushistory.FieldConfig(fill_opacity=85)
    return None


# --- tables ---


def _cell(kind: Cell) -> common.TableCellOptions:
    if kind == "background":
        return common.TableColoredBackgroundCellOptions(mode=common.TableCellBackgroundDisplayMode.BASIC)
    if kind == "gauge":
        return common.TableBarGaugeCellOptions(mode=common.BarGaugeDisplayMode.BASIC)
    return common.TableAutoCellOptions()


def field_of(column: Column, panel: Panel) -> str:
    """Return the name of a column's field before it is renamed."""
    if not _is_value(column):
        return column.of
    return f"Value #{column.of}" if len(panel.queries) > 1 else "Value"


def _is_value(column: Column) -> bool:
    return len(column.of) == 1 and column.of.isupper()


def _transformations(panel: Panel) -> list[model.DataTransformerConfig]:
    if panel.kind != "table":
        return []
    fields = [field_of(column, panel) for column in panel.columns]
    renamed = dict(zip(fields, (column.title for column in panel.columns), strict=True))
    merge = [model.DataTransformerConfig("merge", options={})] if len(panel.queries) > 1 else []
    return [
        *merge,
        model.DataTransformerConfig("filterFieldsByName", options={"include": {"names": fields}}),
        model.DataTransformerConfig(
            "organize",
            options={
                "excludeByName": {},
                "indexByName": {name: i for i, name in enumerate(fields)},
                "renameByName": renamed,
            },
        ),
    ]


def _overrides(panel: Panel) -> list[model.DashboardFieldConfigSourceOverrides]:
    found = [_override(column.title, _properties(column, panel)) for column in panel.columns]
    line = common.LineStyle("dash", [8, 6])
    for title in panel.dashed:
        found.append(_override(title, [("custom.lineStyle", _plain(line)), ("custom.fillOpacity", 0)]))
    return found


def _override(name: str, properties: Sequence[tuple[str, object]]) -> model.DashboardFieldConfigSourceOverrides:
    return model.DashboardFieldConfigSourceOverrides(
        matcher=model.MatcherConfig("byName", name),
        properties=[model.DynamicConfigValue(key, value) for key, value in properties],
    )


def _properties(column: Column, panel: Panel) -> list[tuple[str, object]]:
    look = column.look
    found: list[tuple[str, object]] = []
    if look.link:
        found.append(("links", _plain([_link(look.link, cell=True)])))
    if column.words:
        texts = {code: model.ValueMappingResult(text=text) for code, text in sorted(column.words.items())}
        found.append(("mappings", _plain([model.ValueMap(texts)])))
    if not _is_value(column):
        return found
    found.append(("unit", look.unit))
    found.append(("mappings", _plain(_mappings(look.states, column.no_value or panel.no_value))))
    if look.decimals is not None:
        found.append(("decimals", look.decimals))
    coloured = look.steps != PLAIN or look.states
    if look.steps != PLAIN:
        found.append(("thresholds", _plain(_steps(look.steps))))
    if column.cell != "text":
        found.append(("custom.cellOptions", _plain(_cell(column.cell))))
    elif coloured:
        found.append(("custom.cellOptions", {"type": "color-text"}))
    for key, bound in (("min", look.low), ("max", look.high)):
        if bound is not None:
            found.append((key, bound))
    return found


def _plain(built: object) -> object:
    """Return what is built as plain JSON values."""
    return json.loads(JSONEncoder().encode(built))
