import type { PolicyResult, Result } from "../../sim/result/result.ts";
import { decimalsFor, span } from "../format.ts";
import {
  baselineOf,
  frontOf,
  headlineLimitMs,
  headlineMetric,
  latencyEstimate,
  pickOf,
  roleOf,
} from "../verdict.ts";
import {
  type Box,
  labelBox,
  type PlacedLabel,
  placedLabels,
  placeLabel,
  shorten,
} from "./labelPlaces.ts";
import { firstOf, LATENCY_LABEL, lastOf, logTicks, ticksAround } from "./scales.ts";
import {
  type Channel,
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
} from "./theme.ts";

const FONT_SIZE = 12;

interface Point {
  readonly policy: PolicyResult;
  readonly cost: number;
  readonly costLow: number;
  readonly costHigh: number;
  readonly ms: number;
  readonly msLow: number;
  readonly msHigh: number;
}

function pointsOf(result: Result): readonly Point[] {
  const metric = headlineMetric(result);
  return result.policies.flatMap((policy): readonly Point[] => {
    const latency = latencyEstimate(policy, metric);
    const cost = policy.metrics.costUsd;
    if (latency === null || cost === null || latency.mean <= 0) return [];
    return [
      {
        policy,
        cost: cost.mean,
        costLow: cost.low ?? cost.mean,
        costHigh: cost.high ?? cost.mean,
        ms: latency.mean,
        msLow: Math.max(latency.low ?? latency.mean, latency.mean / 10),
        msHigh: latency.high ?? latency.mean,
      },
    ];
  });
}

interface Axes {
  readonly x: { readonly ticks: readonly number[]; readonly scale: SpecValue };
  readonly y: { readonly ticks: readonly number[]; readonly scale: SpecValue };
  /** Pixels of a value, for the places of the labels. */
  readonly px: (cost: number) => number;
  readonly py: (ms: number) => number;
}

function axesOf(points: readonly Point[], limit: number | null, size: ChartSize): Axes {
  const costs = points.flatMap((point) => [point.costLow, point.costHigh]);
  const times = [
    ...points.flatMap((point) => [point.msLow, point.msHigh]),
    ...(limit === null ? [] : [limit]),
  ];
  const room = (Math.max(...costs) - Math.min(...costs)) * 0.1;
  const x = ticksAround(Math.max(0, Math.min(...costs) - room), Math.max(...costs) + room, 5);
  const y = logTicks(Math.min(...times) * 0.75, Math.max(...times) * 1.15);
  const [left, right] = [firstOf(x), lastOf(x)];
  const [low, high] = [Math.log(firstOf(y)), Math.log(lastOf(y))];
  return {
    x: { ticks: x, scale: { domain: [left, right], nice: false, zero: false } },
    y: { ticks: y, scale: { type: "log", domain: [firstOf(y), lastOf(y)], nice: false } },
    px: (cost) => ((cost - left) / (right - left)) * plotWidth(size),
    py: (ms) => (1 - (Math.log(ms) - low) / (high - low)) * plotHeight(size),
  };
}

/** The name of each policy, where it covers neither another name nor a dot. */
function nameRows(
  result: Result,
  points: readonly Point[],
  axes: Axes,
  size: ChartSize,
): readonly PlacedLabel[] {
  const wide = size.width > 400;
  const bounds: Box = { left: 0, top: 0, right: plotWidth(size), bottom: plotHeight(size) };
  const spots = points.map((point) => [axes.px(point.cost), axes.py(point.ms)] as const);
  const taken: Box[] = spots.map(([x, y]) => ({
    left: x - 5,
    top: y - 5,
    right: x + 5,
    bottom: y + 5,
  }));
  const limit = headlineLimitMs(result);
  if (limit !== null) {
    const y = axes.py(limit);
    taken.push({ left: 0, top: y - 16, right: 170, bottom: y });
    taken.push({ ...bounds, top: y - 2, bottom: y + 2 });
  }
  return points.map((point, index): PlacedLabel => {
    const [x, y] = spots[index] ?? [0, 0];
    const role = wide ? roleOf(point.policy, result) : "";
    const name = shorten(point.policy.name, wide ? 32 : 22);
    const text = role === "" ? name : `${name}: ${role}`;
    const place = placeLabel(
      text,
      FONT_SIZE,
      [
        { x: x + 10, y, align: "left" },
        { x: x - 10, y, align: "right" },
        { x, y: y - 16, align: "center" },
        { x, y: y + 16, align: "center" },
        { x: x - 6, y: y - 16, align: "left" },
        { x: x + 6, y: y - 16, align: "right" },
        { x: x - 6, y: y + 16, align: "left" },
        { x: x + 6, y: y + 16, align: "right" },
        { x: x - 6, y: y + 32, align: "left" },
        { x: x + 6, y: y + 32, align: "right" },
        { x: x + 6, y: y - 32, align: "right" },
      ],
      { taken, bounds },
    );
    taken.push(labelBox(place, text, FONT_SIZE));
    return { text, ...place, color: hex("ink") };
  });
}

/** The area in which the objective holds, its upper edge, and its name. */
function objectiveLayers(result: Result, axes: Axes, y: Channel): readonly Layer[] {
  const limit = headlineLimitMs(result);
  if (limit === null) return [];
  const metric = headlineMetric(result);
  const floor = firstOf(axes.y.ticks);
  return [
    {
      data: { values: [{ ms: limit, floor }] },
      mark: { type: "rect", color: hex("green"), opacity: 0.09 },
      encoding: { y, y2: { field: "floor" } },
    },
    {
      data: { values: [{ ms: limit }] },
      mark: { type: "rule", color: hex("red"), strokeWidth: 1.25, strokeDash: [5, 3] },
      encoding: { y },
    },
    labels(
      [{ ms: limit, text: `objective: ${metric} < ${limit} ms` }],
      { color: hex("red"), align: "left", dx: 6, dy: -8 },
      { x: { value: 0 }, y },
    ),
  ];
}

/** Dotted steps joining the policies that no other beats on both axes. */
function frontLayer(result: Result, points: readonly Point[], x: Channel, y: Channel): Layer {
  const values = frontOf(result).flatMap((policy): readonly Row[] =>
    points
      .filter((point) => point.policy.name === policy.name)
      .map(({ cost, ms }) => ({ cost, ms })),
  );
  return {
    data: { values },
    mark: {
      type: "line",
      interpolate: "step-after",
      color: hex("axis"),
      strokeWidth: 1,
      strokeDash: [1, 3],
    },
    encoding: { x, y },
  };
}

function dotLayers(result: Result, points: readonly Point[], x: Channel, y: Channel) {
  const values = points.map(
    ({ policy, cost, costLow, costHigh, ms, msLow, msHigh }): Row => ({
      ...{ cost, costLow, costHigh, ms, msLow, msHigh },
      front: result.front.includes(policy.name) || result.front.length === 0,
    }),
  );
  const cross = { type: "rule", strokeWidth: 1.5, color: hex("muted") } as const;
  const xLow = { ...x, field: "costLow" };
  const yLow = { ...y, field: "msLow" };
  return [
    { data: { values }, mark: cross, encoding: { x: xLow, x2: { field: "costHigh" }, y } },
    { data: { values }, mark: cross, encoding: { x, y: yLow, y2: { field: "msHigh" } } },
    {
      data: { values },
      mark: { type: "point", filled: true, size: 36, opacity: 1 },
      encoding: {
        x,
        y,
        color: {
          condition: { test: "datum.front", value: hex("blue") },
          value: hex("grey"),
        },
      },
    },
  ] satisfies readonly Layer[];
}

/** Policies with both a price and an answer; a chart needs two. */
export function hasCostAgainstObjective(result: Result): boolean {
  return pointsOf(result).length > 1;
}

/** Dots with interval crosses over cost and a logarithmic latency; lower left is better. */
export function costAgainstObjective(result: Result, size: ChartSize): ChartSpec {
  const points = pointsOf(result);
  const axes = axesOf(points, headlineLimitMs(result), size);
  const title = `cost of ${span(result.scenario.durationSeconds)}, $`;
  const x = position("cost", axes.x.scale, {
    values: size.width > 400 ? axes.x.ticks : axes.x.ticks.filter((_, index) => index % 2 === 0),
    format: `$.${decimalsFor(axes.x.ticks, { least: 2, most: 5 })}f`,
    title,
    titlePadding: 6,
  });
  const y = position("ms", axes.y.scale, {
    values: axes.y.ticks,
    labelExpr: LATENCY_LABEL,
    title: null,
  });
  const names = [pickOf(result)?.name, baselineOf(result)].filter((name) => name != null);
  const about = names.length === 0 ? "" : ` of ${names.join(" and ")} and others`;
  return chart(
    size,
    `Scatter plot: cost against ${headlineMetric(result)} latency${about}, with intervals. ` +
      "The verdict table holds the same figures.",
    [
      ...objectiveLayers(result, axes, y),
      frontLayer(result, points, x, y),
      ...dotLayers(result, points, x, y),
      ...placedLabels(nameRows(result, points, axes, size), {
        fontSize: FONT_SIZE,
        fontWeight: 600,
      }),
    ],
  );
}
