import type { DelayChain } from "../../sim/result/result.ts";
import { secondsText } from "../format.ts";
import { shorten } from "./labelPlaces.ts";
import { lastOf, ticksFromZero } from "./scales.ts";
import {
  type ChartSize,
  type ChartSpec,
  chart,
  hex,
  labels,
  plotWidth,
  position,
  type TokenName,
} from "./theme.ts";

const LINK_GROUPS: Record<DelayChain["links"][number]["group"], TokenName> = {
  seeing: "blue",
  deciding: "orange",
  "bringing-up": "green",
};

type Bar = {
  readonly row: number;
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly color: string;
};

const ROW_HEIGHT = 17;
const TITLE = "seconds since the traffic crossed the autoscaler's target";

/** The size of a waterfall: a row for each link and one for the whole. */
export function waterfallSize(chain: DelayChain, width: number): ChartSize {
  const padding = { left: 122, right: 10, top: 4, bottom: 36 };
  const rows = chain.links.length + 1;
  return { width, height: rows * ROW_HEIGHT + padding.top + padding.bottom, padding };
}

/** Links of the delay one after the other, adding up to the whole. */
export function delayWaterfall(
  policy: string,
  chain: DelayChain,
  size: ChartSize,
  /** The longest delay of the row of charts, so that they share a scale. */
  longestSeconds: number,
): ChartSpec {
  let start = 0;
  const links = chain.links.map(({ link, group, seconds }, row): Bar => {
    const from = start;
    start += seconds;
    const token = LINK_GROUPS[group];
    return { row, name: link, from, to: start, text: secondsText(seconds), color: hex(token) };
  });
  const whole: Bar = {
    row: links.length,
    name: "whole reaction",
    from: 0,
    to: start,
    text: secondsText(chain.wholeSeconds.mean),
    color: hex("ink"),
  };
  const rows = [...links, whole];
  // Room for the text at the end of the longest bar.
  const domainEnd = longestSeconds / (1 - 52 / plotWidth(size));
  const ticks = ticksFromZero(longestSeconds, size.width > 400 ? 6 : 4);
  const x = position(
    "to",
    { domain: [0, domainEnd], nice: false },
    {
      values: ticks.filter((tick) => tick <= lastOf(ticks) && tick <= domainEnd),
      grid: true,
      title: size.width > 400 ? TITLE : "seconds since the target was crossed",
      titlePadding: 6,
    },
  );
  const y = {
    field: "row",
    type: "ordinal",
    scale: { paddingInner: 0.4, paddingOuter: 0.2 },
    axis: null,
  };
  const color = { field: "color", type: "nominal", scale: null };
  return chart(
    size,
    `Waterfall of the scaling delay of ${policy}; the table below holds the figures`,
    [
      {
        data: { values: rows },
        mark: { type: "bar", minBandSize: 2 },
        encoding: { x: { ...x, field: "from" }, x2: { field: "to" }, y, color },
      },
      labels(rows, { align: "left", dx: 4 }, { x, y, color }),
      labels(
        rows.map((row) => ({ ...row, text: shorten(row.name, 19) })),
        { align: "right", dx: -4 },
        { x: { value: 0 }, y },
      ),
    ],
  );
}
