import type { Decision, PolicyResult } from "../../sim/result/result.ts";
import { failureReasonStyles } from "../failureReasons.ts";
import { percentText } from "../format.ts";
import { COUNT_LABEL, firstOf, LATENCY_LABEL, lastOf, timeTicks } from "./scales.ts";
import {
  type ChartSize,
  type ChartSpec,
  chart,
  hex,
  type Layer,
  labels,
  plotHeight,
  plotWidth,
  position,
  type Row,
  type SpecValue,
  type TokenName,
} from "./theme.ts";
import {
  failedShares,
  latencyDomain,
  serviceOf,
  type TimelineModel,
  trafficOf,
} from "./timelineModel.ts";

export interface PanelOptions {
  readonly width: number;
  /** The lowest panel of a column carries the time axis. */
  readonly last: boolean;
}

type Values = readonly (number | null)[];

const TOP = 8;

/** Panels of all kinds share their left and right edges, so that time runs straight down. */
export function panelSize({ width, last }: PanelOptions, plot: number): ChartSize {
  const padding = { left: 46, right: 10, top: TOP, bottom: last ? 36 : 6 };
  return { width, height: plot + padding.top + padding.bottom, padding };
}

export function timeEncoding(
  model: TimelineModel,
  { width, last }: PanelOptions,
): SpecValue & object {
  const { name, seconds } = model.unit;
  const duration = model.durationSeconds / seconds;
  const ticks = timeTicks(duration, width > 400 ? 10 : 4);
  const axis = last
    ? { values: ticks, title: name, titlePadding: 6 }
    : { values: [], labels: false, ticks: false, title: null };
  return position("time", { domain: [0, duration], nice: false }, axis);
}

export function yAxis(
  ticks: readonly number[],
  labelExpr: string,
  domain?: readonly number[],
): object & SpecValue {
  return {
    type: "quantitative",
    scale: { domain: domain ?? [firstOf(ticks), lastOf(ticks)], nice: false },
    axis: { values: ticks, labelExpr, title: null },
  };
}

/** Bins as rows; each holds from its start to the next, so the last value is drawn to its end. */
export function stepRows(
  model: TimelineModel,
  columns: Readonly<Record<string, Values>>,
  at: "start" | "middle",
): readonly Row[] {
  const bins = Math.max(...Object.values(columns).map((values) => values.length));
  const offset = at === "start" ? 0 : 0.5;
  const row = (bin: number, time: number): Row => ({
    time: round((time * model.binSeconds) / model.unit.seconds),
    ...Object.fromEntries(
      Object.entries(columns).map(([name, values]) => {
        const value = values[bin] ?? null;
        return [name, value === null ? null : round(value)];
      }),
    ),
  });
  const rows = Array.from({ length: bins }, (_, bin) => row(bin, bin + offset));
  return withoutRepeats(at === "start" && bins > 0 ? [...rows, row(bins - 1, bins)] : rows);
}

/** Rows like both their neighbours are on a straight line: without them the picture is the same. */
function withoutRepeats(rows: readonly Row[]): readonly Row[] {
  const values = rows.map((row) => JSON.stringify({ ...row, time: 0 }));
  return rows.filter(
    (_, bin) => values[bin] !== values[bin - 1] || values[bin] !== values[bin + 1],
  );
}

/** Enough digits for pixels; it keeps the page small. */
const round = (value: number): number => Number(value.toPrecision(5));

export function line(
  values: readonly Row[],
  x: SpecValue,
  y: SpecValue,
  mark: { readonly [key: string]: SpecValue },
): Layer {
  return { data: { values }, mark: { type: "line", ...mark }, encoding: { x, y } };
}

/** Dotted lines at the faults, with their letters on the first panel. */
export function faultLayers(
  model: TimelineModel,
  x: SpecValue & object,
  lettered: boolean,
): readonly Layer[] {
  if (model.faults.length === 0) return [];
  const values = model.faults.map(
    ({ letter, timeSeconds }): Row => ({ time: timeSeconds / model.unit.seconds, text: letter }),
  );
  const rule: Layer = {
    data: { values },
    mark: { type: "rule", color: hex("grey"), strokeWidth: 1, strokeDash: [1, 2] },
    encoding: { x },
  };
  if (!lettered) return [rule];
  const letters = labels(
    values,
    { align: "left", dx: 3, color: hex("muted"), fontWeight: 600 },
    { x, y: { value: 2 } },
  );
  return [rule, letters];
}

/** Traffic against the capacity of what is ready; where it is short is shaded. */
export function trafficPanel(
  policy: PolicyResult,
  model: TimelineModel,
  options: PanelOptions,
): ChartSpec | null {
  const timeline = model.timelines.get(policy.name);
  if (timeline === undefined) return null;
  const x = timeEncoding(model, options);
  const y = yAxis(model.rpsTicks, COUNT_LABEL);
  const { offeredRps, capacityRps } = trafficOf(timeline, model.service);
  const short = offeredRps.map((rps, bin) => {
    const capacity = capacityRps[bin] ?? null;
    return capacity === null ? null : Math.max(rps, capacity);
  });
  const rows = stepRows(model, { rps: offeredRps, capacity: capacityRps, short }, "start");
  const shortage: Layer = {
    data: { values: rows },
    mark: { type: "area", interpolate: "step-after", color: hex("red"), opacity: 0.3 },
    encoding: { x, y: { ...y, field: "short" }, y2: { field: "capacity" } },
  };
  const step = { interpolate: "step-after" };
  const known = capacityRps.some((capacity) => capacity !== null);
  return chart(
    panelSize(options, options.width > 400 ? 110 : 90),
    `Traffic and ready capacity of ${model.service ?? "the whole"} under ${policy.name}; ` +
      "figures in the table",
    [
      ...(known ? [shortage] : []),
      line(rows, x, { ...y, field: "capacity" }, { ...step, color: hex("blue") }),
      line(rows, x, { ...y, field: "rps" }, { color: hex("ink"), strokeWidth: 1.25 }),
      ...faultLayers(model, x, true),
    ],
  );
}

/** Scale decisions of one service, in time order. */
function scaleDecisions(policy: PolicyResult, service: string): readonly Decision[] {
  return policy.decisions.filter(
    (decision) => decision.kind === "scale" && decision.subject === service,
  );
}

/** Where a scale decision stands in its panel, in shares of the picture's width and height. */
export interface DecisionSpot {
  readonly decision: Decision;
  readonly left: number;
  readonly top: number;
}

function replicaPanelSize(options: PanelOptions): ChartSize {
  return panelSize(options, options.width > 400 ? 90 : 72);
}

export function decisionSpots(
  policy: PolicyResult,
  service: string,
  model: TimelineModel,
  options: PanelOptions,
): readonly DecisionSpot[] {
  const size = replicaPanelSize(options);
  const most = lastOf(model.replicaTicks.get(service) ?? [1]);
  return scaleDecisions(policy, service).map((decision) => {
    const share = Math.min(1, Math.max(0, decision.timeSeconds / model.durationSeconds));
    const height = Math.min(1, (decision.to ?? most) / most);
    return {
      decision,
      left: (size.padding.left + share * plotWidth(size)) / size.width,
      top: (size.padding.top + (1 - height) * plotHeight(size)) / size.height,
    };
  });
}

function decisionLayers(
  decisions: readonly Decision[],
  model: TimelineModel,
  x: SpecValue,
  y: SpecValue,
): readonly Layer[] {
  return (["up", "down"] as const).flatMap((direction): readonly Layer[] => {
    const values = decisions
      .filter(({ from, to }) => to !== null && (direction === "down") === to < (from ?? 0))
      .map(({ timeSeconds, to }): Row => ({ time: timeSeconds / model.unit.seconds, to }));
    if (values.length === 0) return [];
    const mark = {
      type: "point",
      shape: `triangle-${direction}`,
      size: 22,
      filled: true,
      opacity: 1,
      color: hex("orange"),
      yOffset: -5,
    };
    return [{ data: { values }, mark, encoding: { x, y } }];
  });
}

/** Replicas wanted, created and ready as steps, with the decisions that moved them. */
export function replicaPanel(
  policy: PolicyResult,
  service: string,
  model: TimelineModel,
  options: PanelOptions,
): ChartSpec | null {
  const timeline = model.timelines.get(policy.name);
  const shown = timeline === undefined ? null : serviceOf(timeline, service);
  if (shown === null) return null;
  const x = timeEncoding(model, options);
  const y = yAxis(model.replicaTicks.get(service) ?? [0, 1], COUNT_LABEL);
  const { wanted, created, ready } = shown;
  const rows = stepRows(model, { wanted, created, ready }, "start");
  const steps = (field: string, token: TokenName, strokeWidth: number): Layer =>
    line(rows, x, { ...y, field }, { interpolate: "step-after", color: hex(token), strokeWidth });
  return chart(
    replicaPanelSize(options),
    `Replicas of ${service} wanted, created and ready under ${policy.name}; ` +
      "the decisions and their reasons stand in the table",
    [
      steps("wanted", "orange", 1.25),
      steps("created", "green", 1.25),
      steps("ready", "blue", 1.75),
      ...faultLayers(model, x, false),
      ...decisionLayers(scaleDecisions(policy, service), model, x, { ...y, field: "to" }),
    ],
  );
}

/** p50 to p99 as a band, p95 as a line, on a logarithmic axis with the objective. */
export function latencyPanel(
  policy: PolicyResult,
  model: TimelineModel,
  options: PanelOptions,
): ChartSpec | null {
  const timeline = model.timelines.get(policy.name);
  if (timeline === undefined) return null;
  const x = timeEncoding(model, options);
  const [low, high] = latencyDomain(model);
  const scale = { type: "log", domain: [low, high], nice: false };
  const axis = { values: model.latencyTicks, labelExpr: LATENCY_LABEL, title: null };
  const y = { type: "quantitative", scale, axis };
  const within = (values: Values): Values =>
    values.map((value) => (value === null ? null : Math.min(high, Math.max(low, value))));
  const { p50Ms, p95Ms, p99Ms } = timeline;
  const rows = stepRows(
    model,
    { p50: within(p50Ms), p95: within(p95Ms), p99: within(p99Ms) },
    "middle",
  );
  const objective: Layer = {
    data: { values: [{ limit: model.limitMs }] },
    mark: { type: "rule", color: hex("red"), strokeWidth: 1.25, strokeDash: [4, 3] },
    encoding: { y: { ...y, field: "limit" } },
  };
  return chart(
    panelSize(options, options.width > 400 ? 110 : 92),
    `Latency under ${policy.name}: p50 to p99 as a band and p95, logarithmic; figures in the table`,
    [
      {
        data: { values: rows },
        mark: { type: "area", color: hex("purplel"), opacity: 0.5 },
        encoding: { x, y: { ...y, field: "p50" }, y2: { field: "p99" } },
      },
      line(rows, x, { ...y, field: "p95" }, { color: hex("purple") }),
      ...(model.limitMs === null ? [] : [objective]),
      ...faultLayers(model, x, false),
    ],
  );
}

/** Share of failed requests by reason, stacked. */
export function failurePanel(
  policy: PolicyResult,
  model: TimelineModel,
  options: PanelOptions,
): ChartSpec | null {
  const timeline = model.timelines.get(policy.name);
  if (timeline === undefined) return null;
  const x = timeEncoding(model, options);
  const y = yAxis(model.failedTicks, "datum.value + ' %'");
  const shares = failedShares(timeline);
  const floor = timeline.arrivalsRps.map(() => 0);
  const layers = failureReasonStyles(model.reasons).flatMap((style): readonly Layer[] => {
    const share = shares[style.reason];
    if (share === undefined || share.every((percent) => percent === 0)) return [];
    const from = [...floor];
    for (const [bin, percent] of share.entries()) floor[bin] = (floor[bin] ?? 0) + percent;
    return [
      {
        data: { values: stepRows(model, { from, to: [...floor] }, "start") },
        mark: {
          type: "area",
          interpolate: "step-after",
          color: hex(style.token),
          opacity: style.opacity,
        },
        encoding: { x, y: { ...y, field: "to" }, y2: { field: "from" } },
      },
    ];
  });
  const total = percentText(policy.metrics.failedPercent.mean);
  const frame = line(
    [{ time: 0, to: 0 }],
    x,
    { ...y, field: "to" },
    {
      opacity: 0,
      color: hex("muted"),
    },
  );
  return chart(
    panelSize(options, options.width > 400 ? 80 : 60),
    `Failed requests by reason under ${policy.name}; figures in the table`,
    [
      frame,
      ...layers,
      ...faultLayers(model, x, false),
      labels(
        [{ text: `${total} in all` }],
        { align: "right", color: hex("muted") },
        { x: { value: "width" }, y: { value: 8 } },
      ),
    ],
  );
}
