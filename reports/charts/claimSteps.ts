import type { ClaimResult, Result } from "../../sim/result/result.ts";
import { clock } from "../format.ts";
import { reachedText } from "../verdict.ts";
import {
  type Box,
  type LabelPlace,
  labelBox,
  type PlacedLabel,
  placedLabels,
  placeLabel,
  shorten,
} from "./labelPlaces.ts";
import { firstOf, lastOf, ticksFromZero, timeTicks, timeUnit } from "./scales.ts";
import {
  type ChartSize,
  type ChartSpec,
  chart,
  hex,
  type Layer,
  plotHeight,
  plotWidth,
  position,
  type Row,
} from "./theme.ts";
import { thinTimeline } from "./thinTimeline.ts";
import { serviceOf } from "./timelineModel.ts";

const FONT_SIZE = 11;
/** Policies have no colour: they differ in width and dash, and by their name beside the line. */
const STROKES: readonly {
  readonly strokeWidth: number;
  readonly strokeDash?: readonly number[];
}[] = [
  { strokeWidth: 2.25 },
  { strokeWidth: 1.25 },
  { strokeWidth: 1.75, strokeDash: [6, 2] },
  { strokeWidth: 1.25, strokeDash: [2, 2] },
  { strokeWidth: 1.75, strokeDash: [8, 2, 2, 2] },
];

interface Steps {
  readonly policy: string;
  readonly label: string;
  readonly points: readonly { readonly seconds: number; readonly replicas: number }[];
}

/**
 * Ready replicas of the policies that still had to get there. Those that had enough before stand
 * in the table: their lines would all lie on the claim.
 */
function stepsOf(result: Result, claim: ClaimResult): readonly Steps[] {
  return claim.policies.flatMap(({ policy, seconds, reachedIn }): readonly Steps[] => {
    const found = result.policies.find((candidate) => candidate.name === policy);
    const timeline = found === undefined ? undefined : thinTimeline(found.timeline, 720);
    const service = timeline === undefined ? null : serviceOf(timeline, claim.service);
    if (timeline === undefined || service === null) return [];
    const points = service.ready.flatMap((replicas, bin) =>
      replicas === null ? [] : [{ seconds: bin * timeline.binSeconds, replicas }],
    );
    const reached = reachedText(seconds?.mean ?? null, reachedIn);
    if (reached === "before") return [];
    return points.length === 0 ? [] : [{ policy, label: reached, points }];
  });
}

export function hasClaimSteps(result: Result, claim: ClaimResult): boolean {
  return claim.startSeconds !== null && stepsOf(result, claim).length > 0;
}

interface Frame {
  readonly start: number;
  /** Seconds before and after the start of the claim. */
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly number[];
  readonly size: ChartSize;
  readonly x: (seconds: number) => number;
  readonly y: (replicas: number) => number;
}

function frameOf(
  result: Result,
  claim: ClaimResult,
  steps: readonly Steps[],
  size: ChartSize,
): Frame {
  const start = claim.startSeconds ?? 0;
  const reached = claim.policies.map(({ seconds }) => seconds?.mean ?? 0);
  const never = claim.policies.some(({ reachedIn }) => reachedIn === 0);
  const longest = Math.max(claim.withinSeconds * 2, ...reached.map((seconds) => seconds * 1.15));
  const left = result.scenario.durationSeconds - start;
  const to = Math.min(left, never ? Math.max(longest, claim.withinSeconds * 5) : longest);
  const from = -Math.min(start, Math.max(30, to * 0.08));
  const shown = steps.flatMap(({ points }) =>
    points
      .filter(({ seconds }) => seconds >= start + from && seconds <= start + to)
      .map(({ replicas }) => replicas),
  );
  const ticks = ticksFromZero(Math.max(claim.to, ...shown), 5);
  return {
    ...{ start, from, to, ticks, size },
    x: (seconds) => ((seconds - start - from) / (to - from)) * plotWidth(size),
    y: (replicas) => (1 - replicas / lastOf(ticks)) * plotHeight(size),
  };
}

/** The part of the steps within the frame, with the value at its left edge. */
function visible({ points }: Steps, { start, from, to }: Frame): Steps["points"] {
  const before = points.filter(({ seconds }) => seconds <= start + from).at(-1);
  const inside = points.filter(({ seconds }) => seconds > start + from && seconds <= start + to);
  const first = before === undefined ? [] : [{ ...before, seconds: start + from }];
  const last = inside.at(-1) ?? before;
  const end = last === undefined ? [] : [{ ...last, seconds: start + to }];
  return [...first, ...inside, ...end];
}

/** Flat pieces of a line as thin boxes, and its jumps, so that no name lies on a line. */
function boxesAlong(points: Steps["points"], frame: Frame): readonly Box[] {
  return points.slice(1).flatMap((point, index): readonly Box[] => {
    const previous = points[index]!;
    const [left, right] = [frame.x(previous.seconds), frame.x(point.seconds)];
    const [y0, y1] = [frame.y(previous.replicas), frame.y(point.replicas)];
    return [
      { left, right, top: y0 - 2, bottom: y0 + 2 },
      { left: right - 2, right: right + 2, top: Math.min(y0, y1), bottom: Math.max(y0, y1) },
    ];
  });
}

/** The slope of the claim as small boxes. */
function boxesOnSlope([from, to]: Steps["points"], frame: Frame): readonly Box[] {
  if (from === undefined || to === undefined) return [];
  const [x0, x1] = [frame.x(from.seconds), frame.x(to.seconds)];
  const [y0, y1] = [frame.y(from.replicas), frame.y(to.replicas)];
  return Array.from({ length: 41 }, (_, step): Box => {
    const [x, y] = [x0 + ((x1 - x0) * step) / 40, y0 + ((y1 - y0) * step) / 40];
    return { left: x - 3, right: x + 3, top: y - 4, bottom: y + 4 };
  });
}

/**
 * Places for the name of a line: beside its rise, then above the plot where it reaches its top,
 * then beside the ends of its rise.
 */
function placesAlong(points: Steps["points"], frame: Frame): readonly LabelPlace[] {
  const most = Math.max(...points.map(({ replicas }) => replicas));
  const top = points.findIndex(({ replicas }) => replicas === most);
  const rising = points
    .slice(0, top + 1)
    .filter(({ replicas }, index) => replicas !== points[index - 1]?.replicas);
  const beside = (share: number): readonly LabelPlace[] => {
    const point = rising[Math.round(share * (rising.length - 1))]!;
    const [x, y] = [frame.x(point.seconds), frame.y(point.replicas)];
    return [
      { x: x + 6, y: y + 13, align: "left" },
      { x: x - 6, y: y - 12, align: "right" },
      { x: x + 6, y: y - 12, align: "left" },
      { x: x - 6, y: y + 13, align: "right" },
    ];
  };
  const reached = frame.x(points[top]?.seconds ?? 0);
  const above: readonly LabelPlace[] = [
    { x: reached, y: -10, align: "center" },
    { x: reached, y: -10, align: "left" },
    { x: reached, y: -10, align: "right" },
  ];
  const [middle, ends] = [
    [0.6, 0.5, 0.7, 0.4, 0.8],
    [0.3, 0.9, 0.2, 0.1, 1],
  ];
  return [...middle.flatMap(beside), ...above, ...ends.flatMap(beside)];
}

function nameLayers(claim: ClaimResult, steps: readonly Steps[], frame: Frame): readonly Layer[] {
  const lines = steps.map((each) => visible(each, frame));
  const claimed = claimPoints(claim, frame);
  const taken: Box[] = [
    ...[...lines, claimed.slice(1)].flatMap((points) => boxesAlong(points, frame)),
    ...boxesOnSlope(claimed, frame),
  ];
  const size = frame.size;
  const bounds: Box = { left: 4, top: -20, right: plotWidth(size), bottom: plotHeight(size) - 4 };
  const narrow = size.width < 400;
  const place = (text: string, points: Steps["points"], color: string): PlacedLabel => {
    const found = placeLabel(text, FONT_SIZE, placesAlong(points, frame), { taken, bounds });
    taken.push(labelBox(found, text, FONT_SIZE));
    return { text, ...found, color };
  };
  // The claim last: it is the only one in red, and recognised anywhere.
  const rows = [
    ...steps.map(({ policy, label }, index) =>
      place(`${shorten(policy, narrow ? 18 : 28)}: ${label}`, lines[index]!, hex("blue")),
    ),
    place(`the claim: ${clock(claim.withinSeconds)}`, claimed.slice(0, 2), hex("red")),
  ];
  return placedLabels(rows, { fontWeight: 600, fontSize: FONT_SIZE });
}

function claimPoints(claim: ClaimResult, { start, to }: Frame): Steps["points"] {
  return [
    { seconds: start, replicas: claim.from },
    { seconds: start + Math.min(claim.withinSeconds, to), replicas: claim.to },
    { seconds: start + to, replicas: claim.to },
  ];
}

/** The claim dashed, the runs as steps of ready replicas, from the moment its clock starts. */
export function claimSteps(result: Result, claim: ClaimResult, size: ChartSize): ChartSpec {
  const steps = stepsOf(result, claim);
  const frame = frameOf(result, claim, steps, size);
  const unit = timeUnit(frame.to);
  const times = timeTicks(frame.to / unit.seconds, size.width > 400 ? 10 : 6);
  const x = position(
    "time",
    { domain: [frame.from / unit.seconds, frame.to / unit.seconds], nice: false },
    { values: times, title: `${unit.name} since more than ${claim.from} were called for` },
  );
  const y = position(
    "replicas",
    { domain: [firstOf(frame.ticks), lastOf(frame.ticks)], nice: false },
    { values: frame.ticks, title: null },
  );
  const rows = (points: Steps["points"]): readonly Row[] =>
    points.map(({ seconds, replicas }) => ({
      time: Number(((seconds - frame.start) / unit.seconds).toFixed(4)),
      replicas,
    }));
  const runs = steps.map(
    (each, index): Layer => ({
      data: { values: rows(visible(each, frame)) },
      mark: {
        type: "line",
        interpolate: "step-after",
        color: hex("blue"),
        ...STROKES[index % STROKES.length],
      },
      encoding: { x, y },
    }),
  );
  const claimed: Layer = {
    data: { values: rows(claimPoints(claim, frame)) },
    mark: { type: "line", color: hex("red"), strokeWidth: 1.25, strokeDash: [5, 3] },
    encoding: { x, y },
  };
  return chart(
    size,
    `Ready replicas of ${claim.service} over time, the claim and each policy; ` +
      "the table beside holds the times",
    [...runs, claimed, ...nameLayers(claim, steps, frame)],
  );
}
