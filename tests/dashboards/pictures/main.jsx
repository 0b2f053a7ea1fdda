// Draws a generated board with Grafana's own TimeSeries, BigValue and PanelChrome, from a real server's answers.
// Tables are what its own merge, filter and organize make of the answers, but they, bar gauges and state timelines are drawn
// as plain HTML with its formatting: those panels live in its core.
import {
  FieldType, ThemeContext, applyFieldOverrides, createTheme, getDisplayProcessor, getFieldDisplayName,
  standardFieldConfigEditorRegistry, standardTransformers, standardTransformersRegistry, toDataFrame, transformDataFrame,
} from "@grafana/data";
import { BigValue, GlobalStyles, PanelChrome, TimeSeries } from "@grafana/ui";
import React, { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { lastValueFrom } from "rxjs";

const IDS = ["unit", "min", "max", "decimals", "displayName", "noValue", "thresholds", "mappings", "links", "color"];
const item = (id) => ({ id, path: id, name: id, editor: () => null, override: () => null, process: (x) => x,
  shouldApply: () => true });
standardFieldConfigEditorRegistry.setInit(() => IDS.map(item));

const USED = [standardTransformers.mergeTransformer, standardTransformers.filterFieldsByNameTransformer,
  standardTransformers.organizeFieldsTransformer];
const INNER = [standardTransformers.filterFieldsTransformer, standardTransformers.orderFieldsTransformer,
  standardTransformers.renameFieldsTransformer];
standardTransformersRegistry.setInit(() => [...USED, ...INNER].map((one) => ({ id: one.id, name: one.name,
  transformation: one })));

const asked = new URLSearchParams(window.location.search);
const theme = createTheme({ colors: { mode: asked.get("mode") ?? "dark" } });
const zone = "Asia/Jakarta";
const step = 300;
const end = Math.floor(Number(asked.get("to")) / step) * step;

async function ask(path, query) {
  const answer = await fetch(`/tsdb/api/v1/${path}?${new URLSearchParams(query)}`);
  return (await answer.json()).data.result;
}

function hours(from) {
  const [, count, unit] = from.match(/now-(\d+)([hd])/);
  return Math.min(24, Number(count) * (unit === "d" ? 24 : 1));
}

function filled(expr, texts) {
  return expr.replace(/\$(\w+)/g, (all, name) => texts[name] ?? all);
}

async function chosen(board) {
  const texts = { __rate_interval: "4m", __range: `${hours(board.time.from)}h` };
  for (const variable of board.templating.list.filter((one) => one.type === "query")) {
    const [, series, label] = filled(variable.query.query, texts).match(/^label_values\((.*), (\w+)\)$/);
    const found = await ask("query", { query: `group by (${label}) (last_over_time(${series}[1h]))`, time: end });
    const values = found.map((one) => one.metric[label]).sort();
    texts[variable.name] = variable.multi ? variable.allValue ?? `(${values.join("|")})` : asked.get("one") ?? values[0];
  }
  return texts;
}

async function data(panel, texts, start) {
  return Promise.all(panel.targets.map((target) => {
    const query = filled(target.expr, texts);
    return target.instant ? ask("query", { query, time: Number(asked.get("to")) })
      : ask("query_range", { query, start, end, step });
  }));
}

const named = (text, metric) => text.replace(/\{\{(\w+)\}\}/g, (_, name) => metric[name] ?? "");
const shown = (config, value) => getDisplayProcessor({ field: { type: FieldType.number, config }, theme, timeZone: zone })(value);
const text = (display) => `${display.prefix ?? ""}${display.text}${display.suffix ?? ""}`;

function overridden(panel, name) {
  const config = { ...panel.fieldConfig.defaults, custom: { ...panel.fieldConfig.defaults.custom } };
  for (const one of panel.fieldConfig.overrides.filter((each) => each.matcher.options === name)) {
    for (const { id, value } of one.properties) {
      if (id.startsWith("custom.")) config.custom[id.slice(7)] = value;
      else config[id] = value;
    }
  }
  return config;
}

function Drawn({ panel, answers, start, width, height }) {
  const times = [];
  for (let at = start; at <= end; at += step) times.push(at * 1000);
  const frames = panel.targets.flatMap((target, i) => answers[i].map((one) => {
    const name = named(target.legendFormat, one.metric);
    const values = new Map(one.values.map(([at, value]) => [at * 1000, Number(value)]));
    return toDataFrame({ refId: target.refId, fields: [
      { name: "Time", type: FieldType.time, values: times, config: {} },
      { name, type: FieldType.number, labels: {}, values: times.map((at) => values.get(at) ?? null),
        config: { ...overridden(panel, name), displayName: name, links: [] } },
    ] });
  }));
  if (!frames.length) return <Nothing panel={panel} />;
  const made = applyFieldOverrides({ data: frames, fieldConfig: { defaults: {}, overrides: [] }, theme, timeZone: zone,
    replaceVariables: (x) => x });
  made.forEach((frame, i) => frame.fields.forEach((field) => { field.state = { ...field.state, seriesIndex: i }; }));
  const range = { from: { valueOf: () => start * 1000 }, to: { valueOf: () => end * 1000 }, raw: { from: "", to: "" } };
  const legend = { ...panel.options.legend, displayMode: "list", calcs: [], showLegend: frames.length <= 14 };
  return <TimeSeries frames={made} structureRev={1} timeRange={range} timeZone={zone} width={width} height={height}
    legend={legend} options={{}} />;
}

function Nothing({ panel }) {
  return <div style={{ color: "#808080", textAlign: "center", paddingTop: 20 }}>{panel.fieldConfig.defaults.noValue}</div>;
}

function Stats({ panel, answers, width, height }) {
  const config = panel.fieldConfig.defaults;
  const every = panel.targets.flatMap((target, i) => answers[i].map((one) => [named(target.legendFormat, one.metric),
    Number(one.value[1])]));
  const values = every.length ? every : [["", null]];
  const each = width / values.length;
  return <div style={{ display: "flex", gap: 4 }}>{values.map(([name, value], i) => {
    const display = shown(config, value);
    return <BigValue key={i} width={each - 4} height={height} theme={theme} value={{ ...display, title: name }}
      colorMode={panel.options.colorMode} graphMode="none" justifyMode="auto" textMode={panel.options.textMode} />;
  })}</div>;
}

// What Grafana's own merge, filter and organize make of the answers.
async function organised(panel, answers) {
  const frames = answers.flatMap((found, i) => {
    if (!found.length) return [];
    const labels = [...new Set(found.flatMap(({ metric }) => Object.keys(metric)))].filter((name) => name !== "__name__");
    return [toDataFrame({ refId: panel.targets[i].refId, fields: [
      { name: "Time", type: FieldType.time, values: found.map(({ value }) => value[0] * 1000) },
      ...labels.map((name) => ({ name, type: FieldType.string, values: found.map(({ metric }) => metric[name] ?? null) })),
      { name: panel.targets.length > 1 ? `Value #${panel.targets[i].refId}` : "Value", type: FieldType.number,
        values: found.map(({ value }) => Number(value[1])) },
    ] })];
  });
  const made = await lastValueFrom(transformDataFrame(panel.transformations, frames));
  return (made[0]?.fields ?? []).map((field) => ({ title: getFieldDisplayName(field, made[0], made), type: field.type,
    values: [...field.values] }));
}

function Rows({ panel, fields }) {
  const count = fields[0]?.values.length ?? 0;
  if (!count) return <Nothing panel={panel} />;
  const order = [...Array(count).keys()];
  const by = fields.find((field) => field.title === panel.options.sortBy?.[0]?.displayName);
  if (by) order.sort((a, b) => by.type === FieldType.number ? (by.values[b] ?? -1) - (by.values[a] ?? -1)
    : String(by.values[b]).localeCompare(String(by.values[a])));
  return <table style={{ width: "100%", borderCollapse: "collapse", fontSize: 13 }}><thead><tr>{fields.map(({ title }) =>
    <th key={title} style={{ textAlign: "left", color: theme.colors.text.link, padding: "3px 6px", fontWeight: 500 }}>
      {title}</th>)}</tr></thead>
    <tbody>{order.map((i) => <tr key={i} style={{ borderTop: `1px solid ${theme.colors.border.weak}` }}>
      {fields.map((field) => <Cell key={field.title} panel={panel} field={field} value={field.values[i]} />)}
    </tr>)}</tbody></table>;
}

function Cell({ panel, field, value }) {
  const style = { padding: "3px 6px", whiteSpace: "nowrap", maxWidth: 260, overflow: "hidden", textOverflow: "ellipsis" };
  const config = overridden(panel, field.title);
  if (field.type !== FieldType.number) {
    return <td style={{ ...style, color: config.links ? theme.colors.text.link : undefined }}>
      {config.mappings?.[0]?.options[value]?.text ?? value ?? ""}</td>;
  }
  const unknown = value === undefined || value === null;
  const display = shown(config, unknown ? null : value);
  const kind = config.custom.cellOptions?.type;
  if (kind === "color-background") return <td style={{ ...style, background: display.color, color: "#fff" }}>{text(display)}</td>;
  if (kind === "gauge" && !unknown) return <td style={{ ...style, minWidth: 150 }}><Bar display={display} config={config} value={value} /></td>;
  return <td style={{ ...style, color: kind === "color-text" || unknown ? display.color : undefined }}>{text(display)}</td>;
}

function Bar({ display, config, value }) {
  const low = config.min ?? 0;
  const share = Math.max(0, Math.min(1, (value - low) / ((config.max ?? 1) - low)));
  return <div style={{ display: "flex", alignItems: "center", gap: 6 }}>
    <div style={{ flex: 1, background: theme.colors.background.secondary, height: 16 }}>
      <div style={{ width: `${100 * share}%`, height: 16, background: display.color }} /></div>
    <span style={{ color: display.color, minWidth: 62, textAlign: "right" }}>{text(display)}</span></div>;
}

function Bars({ panel, answers }) {
  const config = panel.fieldConfig.defaults;
  const every = panel.targets.flatMap((target, i) => answers[i].map((one) => [named(target.legendFormat, one.metric),
    Number(one.value[1])]));
  if (!every.length) return <Nothing panel={panel} />;
  return <div style={{ padding: 4, fontSize: 13 }}>{every.map(([name, value]) =>
    <div key={name} style={{ display: "grid", gridTemplateColumns: "110px 1fr", gap: 6, marginBottom: 4 }}>
      <span style={{ whiteSpace: "nowrap", overflow: "hidden", textOverflow: "ellipsis" }}>{name}</span>
      <Bar display={shown(config, value)} config={config} value={value} /></div>)}</div>;
}

function States({ panel, answers, start, height }) {
  const config = panel.fieldConfig.defaults;
  const every = panel.targets.flatMap((target, i) => answers[i].map((one) => [named(target.legendFormat, one.metric), one.values]));
  if (!every.length) return <Nothing panel={panel} />;
  const tall = Math.min(26, (height - 30) / every.length);
  const seen = new Set(every.flatMap(([, values]) => values.map(([, value]) => Number(value))));
  return <div style={{ fontSize: 12 }}>{every.map(([name, values]) =>
    <div key={name} style={{ display: "flex", height: tall, marginBottom: 1 }}>
      <span style={{ width: 150, whiteSpace: "nowrap", overflow: "hidden", textOverflow: "ellipsis" }}>{name}</span>
      <div style={{ flex: 1, position: "relative" }}>{values.map(([at, value]) => <div key={at} style={{ position: "absolute",
        left: `${100 * (at - start) / (end - start + step)}%`, width: `${101 * step / (end - start + step)}%`, height: tall - 2,
        background: shown(config, Number(value)).color }} />)}</div></div>)}
    <div style={{ marginTop: 4 }}>{[...seen].sort().map((value) => <span key={value} style={{ marginRight: 14 }}>
      <span style={{ display: "inline-block", width: 10, height: 10, marginRight: 4, background: shown(config, value).color }} />
      {text(shown(config, value))}</span>)}</div></div>;
}

const KINDS = { stat: Stats, timeseries: Drawn, table: Rows, bargauge: Bars, "state-timeline": States, "status-history": States };

function One({ panel, answers, fields, start, width, height }) {
  const Kind = KINDS[panel.type];
  return <PanelChrome title={panel.title} width={width} height={height} description={panel.description}>
    {(w, h) => <Kind panel={panel} answers={answers} fields={fields} start={start} width={w} height={h} />}</PanelChrome>;
}

async function answered(panel, texts, start) {
  const answers = await data(panel, texts, start);
  return { panel, answers, fields: panel.type === "table" ? await organised(panel, answers) : [] };
}

function App() {
  const [made, setMade] = useState(null);
  useEffect(() => { (async () => {
    const board = await (await fetch(`/${asked.get("board")}.json`)).json();
    const start = end - hours(board.time.from) * 3600;
    const texts = await chosen(board);
    const panels = await Promise.all(board.panels.map(async (panel) => panel.type === "row" ? { panel }
      : await answered(panel, texts, start)));
    setMade({ board, panels, start });
  })().catch((error) => { document.body.textContent = String(error.stack); }); }, []);
  if (!made) return null;
  const column = (window.innerWidth - 16) / 24;
  return <ThemeContext.Provider value={theme}><GlobalStyles /><div style={{ position: "relative", color: theme.colors.text.primary,
    background: theme.colors.background.canvas, minHeight: "100vh" }}>{made.panels.map(({ panel, answers, fields }) => {
    const { x, y, w, h } = panel.gridPos;
    const place = { position: "absolute", left: 8 + x * column, top: 8 + y * 38, width: w * column - 8, height: h * 38 - 8 };
    return <div key={panel.id} style={place}>{panel.type === "row" ? <h5 style={{ padding: "4px 8px" }}>{panel.title}</h5>
      : <One panel={panel} answers={answers} fields={fields} start={made.start} width={place.width} height={place.height} />}</div>; })}
  </div></ThemeContext.Provider>;
}

createRoot(document.getElementById("root")).render(<App />);
