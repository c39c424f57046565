import type { Result, TimeSpent } from "../../sim/result/result.ts";
import { latencyText } from "../format.ts";
import { shorten } from "./labelPlaces.ts";
import {
  type ChartSize,
  type ChartSpec,
  chart,
  hex,
  labels,
  plotWidth,
  type TokenName,
} from "./theme.ts";

/** Parts of a request's time, in the order of the bars. */
export const TIME_PARTS: readonly {
  readonly name: "queue" | "service" | "downstream";
  readonly token: TokenName;
  readonly of: (spent: TimeSpent) => number;
}[] = [
  { name: "queue", token: "red", of: (spent) => spent.queueMs },
  { name: "service", token: "blue", of: (spent) => spent.serviceMs },
  { name: "downstream", token: "grey", of: (spent) => spent.downstreamMs },
];

const ROW_HEIGHT = 30;

export function timeSpentSize(rows: number, width: number): ChartSize {
  const padding = { left: width > 400 ? 158 : 118, right: 62, top: 2, bottom: 2 };
  return { width, height: rows * ROW_HEIGHT + padding.top + padding.bottom, padding };
}

/** Bars of 100 %: what share of the mean time per request each part took, and the total. */
export function timeSpentBars(result: Result, size: ChartSize): ChartSpec {
  const spent = result.policies.flatMap(({ name, timeSpent }) =>
    timeSpent === null || timeSpent.totalMs <= 0 ? [] : [{ name, timeSpent }],
  );
  const bars = spent.flatMap(({ timeSpent }, row) => {
    let from = 0;
    return TIME_PARTS.map(({ token, of }) => {
      const share = (100 * of(timeSpent)) / timeSpent.totalMs;
      const bar = { row, from, to: from + share, middle: from + share / 2, color: hex(token) };
      from += share;
      const fits = (share / 100) * plotWidth(size) > 34;
      return { ...bar, text: fits ? `${share.toFixed(0)} %` : "" };
    });
  });
  const ends = spent.map(({ name, timeSpent }, row) => ({
    row,
    name: shorten(name, size.width > 400 ? 22 : 16),
    text: latencyText(timeSpent.totalMs),
  }));
  const y = { field: "row", type: "ordinal", scale: { padding: 0.18 }, axis: null };
  const scale = { domain: [0, 100], nice: false };
  const at = (field: string) => ({ field, type: "quantitative", scale, axis: null });
  return chart(
    size,
    "Bars: share of queue, service and downstream in the mean time per request, by policy; " +
      "the table beside holds the figures",
    [
      {
        data: { values: bars },
        mark: { type: "bar", stroke: hex("bg"), strokeWidth: 1.5 },
        encoding: {
          x: at("from"),
          x2: { field: "to" },
          y,
          color: { field: "color", type: "nominal", scale: null },
        },
      },
      labels(
        bars.filter((bar) => bar.text !== ""),
        { fontWeight: 600, color: hex("bg") },
        { x: at("middle"), y },
      ),
      labels(
        ends.map((end) => ({ ...end, text: end.name })),
        { align: "right", dx: -6 },
        { x: { value: 0 }, y },
      ),
      labels(ends, { align: "left", dx: 7, fontWeight: 600 }, { x: { value: "width" }, y }),
    ],
  );
}
