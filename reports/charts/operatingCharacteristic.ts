import type { CanaryResult } from "../../sim/result/result.ts";
import { type CanaryCell, canaryGrid, cellAt, shareText } from "../canaryWords.ts";
import { plain } from "../format.ts";
import {
  type Box,
  labelBox,
  type PlacedLabel,
  placedLabels,
  placeLabel,
  shorten,
} from "./labelPlaces.ts";
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
} from "./theme.ts";

const FONT_SIZE = 11;
const WIDTHS = [1, 1.5, 2.25, 3];
/** Pixels between the middles of labels such as "0.75 %". */
const TICK_SPACING = 46;

interface Curve {
  readonly label: string;
  readonly cells: readonly CanaryCell[];
  readonly mended: boolean;
}

/** Fewer points are no curve: a straight line between two would be made up. */
const LEAST_POINTS = 3;

/** One curve per level of traffic of the policy, and those of the variants that mend it. */
function curvesOf(canary: CanaryResult): readonly Curve[] {
  const grid = canaryGrid(canary);
  return grid.variants.flatMap((variant, index) =>
    grid.traffic.flatMap((trafficRps): readonly Curve[] => {
      const cells = grid.errorShares
        .map((errorShare) => cellAt(canary, { variant, trafficRps, errorShare }))
        .filter((cell) => cell !== null);
      const suffix = index === 0 ? "" : `, ${shorten(variant, 24)}`;
      const label = `${plain(trafficRps)}/s${suffix}`;
      return cells.length < LEAST_POINTS ? [] : [{ label, cells, mended: index > 0 }];
    }),
  );
}

interface Frame {
  readonly size: ChartSize;
  readonly most: number;
}

/** Square root: small shares matter most, and zero has a place. */
const pixel = (errorShare: number, { size, most }: Frame): number =>
  Math.sqrt(errorShare / most) * plotWidth(size);
const height = (share: number, { size }: Frame): number => (1 - share) * plotHeight(size);

function along(curve: Curve, frame: Frame): readonly (readonly [number, number])[] {
  return curve.cells.map(({ errorShare, share }) => [
    pixel(errorShare, frame),
    height(share.mean, frame),
  ]);
}

/** Points every few pixels of a curve, as boxes that no name should cover. */
function boxesAlong(curve: Curve, frame: Frame): readonly Box[] {
  const points = along(curve, frame);
  return points.slice(1).flatMap(([x1, y1], index): readonly Box[] => {
    const [x0, y0] = points[index]!;
    const steps = Math.max(1, Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0)) / 4));
    return Array.from({ length: steps + 1 }, (_, step): Box => {
      const x = x0 + ((x1 - x0) * step) / steps;
      const y = y0 + ((y1 - y0) * step) / steps;
      return { left: x - 2, right: x + 2, top: y - 2, bottom: y + 2 };
    });
  });
}

function names(curves: readonly Curve[], frame: Frame, healthy: number): readonly Layer[] {
  const taken: Box[] = curves.flatMap((curve) => boxesAlong(curve, frame));
  const x = pixel(healthy, frame);
  taken.push({ left: x - 3, right: x + 3, top: -20, bottom: plotHeight(frame.size) });
  const bounds: Box = {
    left: 2,
    top: 0,
    right: plotWidth(frame.size),
    bottom: plotHeight(frame.size) - 2,
  };
  const rows = curves.map((curve): PlacedLabel => {
    const points = along(curve, frame);
    const spots = points.slice(1).flatMap(([x1, y1], index) => {
      const [x0, y0] = points[index]!;
      return [0.5, 0.25, 0.75].map(
        (part) => [x0 + (x1 - x0) * part, y0 + (y1 - y0) * part] as const,
      );
    });
    const steep = spots.toSorted(([, a], [, b]) => middle(a, frame) - middle(b, frame));
    const [firstX, firstY] = points[0] ?? [0, 0];
    const before = [0, -7, 7].map((shift) => ({
      x: firstX - 7,
      y: firstY + shift,
      align: "right" as const,
    }));
    const beside = steep.flatMap(([sx, sy]) => [
      { x: sx + 7, y: sy + 6, align: "left" as const },
      { x: sx - 7, y: sy - 6, align: "right" as const },
      { x: sx + 7, y: sy + 18, align: "left" as const },
      { x: sx - 7, y: sy - 18, align: "right" as const },
    ]);
    const candidates = [...before, ...beside];
    const found = placeLabel(curve.label, FONT_SIZE, candidates, { taken, bounds });
    taken.push(labelBox(found, curve.label, FONT_SIZE));
    return { text: curve.label, ...found, color: hex(curve.mended ? "green" : "blue") };
  });
  return placedLabels(rows, { fontSize: FONT_SIZE, fontWeight: 600 });
}

const middle = (y: number, { size }: Frame): number => Math.abs(y - plotHeight(size) / 2);

/** Shares of the grid whose labels do not touch; both ends are among them. */
function spacedTicks(errorShares: readonly number[], frame: Frame): readonly number[] {
  const ticks: number[] = [];
  let free = Number.NEGATIVE_INFINITY;
  const last = errorShares.at(-1) ?? 0;
  for (const share of errorShares) {
    const x = pixel(share, frame);
    const crowdsLast = share !== last && pixel(last, frame) - x < TICK_SPACING;
    if (x < free || crowdsLast) continue;
    ticks.push(share);
    free = x + TICK_SPACING;
  }
  return ticks;
}

/** Chance of a rollback over the true error share, one curve per level of traffic. */
export function operatingCharacteristic(canary: CanaryResult, size: ChartSize): ChartSpec {
  const { errorShares } = canaryGrid(canary);
  const frame: Frame = { size, most: Math.max(...errorShares, canary.healthyErrorShare, 1e-6) };
  const ticks = spacedTicks(errorShares, frame);
  const x = position(
    "errorShare",
    { type: "sqrt", domain: [0, frame.most], nice: false },
    {
      values: ticks,
      labelExpr: "format(100 * datum.value, '.3~g') + ' %'",
      title: "true error share of the new release, square root scale",
      titlePadding: 6,
    },
  );
  const y = {
    type: "quantitative",
    scale: { domain: [0, 1], nice: false },
    axis: { values: [0, 0.25, 0.5, 0.75, 1], labelExpr: "100 * datum.value + ' %'", title: null },
  };
  const curves = curvesOf(canary);
  const layers = curves.flatMap(({ cells, mended }, index): readonly Layer[] => {
    const values = cells.map(({ errorShare, share }) => ({
      errorShare,
      share: share.mean,
      low: share.low ?? share.mean,
      high: share.high ?? share.mean,
    }));
    const color = hex(mended ? "green" : "blue");
    const strokeWidth = mended ? 1.75 : (WIDTHS[index % WIDTHS.length] ?? 1);
    const dash = mended ? { strokeDash: [4, 3] } : {};
    return [
      {
        data: { values },
        mark: { type: "rule", color: hex("muted"), strokeWidth: 1 },
        encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" } },
      },
      {
        data: { values },
        mark: { type: "line", color, strokeWidth, ...dash },
        encoding: { x, y: { ...y, field: "share" } },
      },
    ];
  });
  const healthy = [{ errorShare: canary.healthyErrorShare, text: "healthy" }];
  return chart(
    size,
    "Operating characteristic: chance of a rollback by true error share of the release and by " +
      "traffic; the table beside holds the figures",
    [
      {
        data: { values: healthy },
        mark: { type: "rule", color: hex("green"), strokeWidth: 1.25, strokeDash: [2, 2] },
        encoding: { x },
      },
      ...layers,
      labels(
        [{ ...healthy[0], text: `healthy ${shareText(canary.healthyErrorShare)}` }],
        { color: hex("green") },
        { x, y: { value: -9 } },
      ),
      ...names(curves, frame, canary.healthyErrorShare),
    ],
  );
}
