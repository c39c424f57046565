import { z } from "zod";
import type { Json } from "../../../sim/kernel/json.ts";
import { beginDecider, recordLoad, scale } from "../../../sim/policy/autoscalers/kpa/decider.ts";
import { difference, evaluated, type GroupRunner } from "./group.ts";

const FORMAT = "kpa-trajectories/1";
const COLUMNS = ["t", "ready", "stable", "panic", "desired", "excessBurstCapacity", "pods"];
/** Of averages, which the recorder has rounded. */
const TOLERANCE = 2e-6;

const caseSchema = z.object({
  spec: z.object({
    aggregation: z.enum(["linear", "weighted-exponential"]),
    targetValue: z.number(),
    totalValue: z.number(),
    targetBurstCapacity: z.number(),
    stableWindowSeconds: z.number(),
    panicWindowSeconds: z.number(),
    panicThreshold: z.number(),
    maxScaleUpRate: z.number(),
    maxScaleDownRate: z.number(),
    scaleDownDelaySeconds: z.number(),
    activationScale: z.number(),
    reachable: z.boolean(),
    minScale: z.number(),
    maxScale: z.number(),
  }),
  initialPods: z.number(),
  startupSeconds: z.number(),
  loadKind: z.enum(["step", "linear"]),
  loadMilli: z.array(z.tuple([z.number(), z.number()])),
  gaps: z.array(z.tuple([z.number(), z.number()])).optional(),
  horizonSeconds: z.number(),
  rows: z.array(z.array(z.number().nullable())),
});

type Case = z.infer<typeof caseSchema>;

/** What Knative's pod autoscaler decided, look by look: test/conformance/kpa/README.md. */
export const kpaGroup: GroupRunner = ({ content, cases }) => {
  const { format } = content;
  const isKnown = format === FORMAT;
  return cases.map((testCase, index) =>
    evaluated(testCase, index, (one) =>
      isKnown ? differencesOf(one) : [`format ${String(format)} is not ${FORMAT}`],
    ),
  );
};

function differencesOf(testCase: Json): readonly string[] {
  const written = caseSchema.parse(testCase);
  const rows = trajectory(written);
  if (rows.length !== written.rows.length) {
    return difference("number of rows", written.rows.length, rows.length);
  }
  return written.rows.flatMap((wanted, index) => {
    const row = rows[index]!;
    return wanted.flatMap((value, column) => {
      const found = row[column] ?? null;
      const isAverage = column === 2 || column === 3;
      const isNear = value !== null && found !== null && Math.abs(value - found) <= TOLERANCE;
      if (isAverage && isNear) return [];
      return difference(`t = ${row[0]} ${COLUMNS[column]}`, value, found);
    });
  });
}

/** The order of events within a second is the README's: record, count, decide, write. */
function trajectory(written: Case): readonly (readonly (number | null)[])[] {
  const { spec, startupSeconds, horizonSeconds } = written;
  let state = beginDecider(spec, written.initialPods, 0);
  let readyAt = new Array<number>(written.initialPods).fill(0);
  const rows: (number | null)[][] = [];
  for (let second = 0; second <= horizonSeconds; second++) {
    if (!isGap(written, second)) state = recordLoad(state, second, loadAt(written, second));
    if (second < 2 || second % 2 !== 0) continue;
    const readyPods = readyAt.filter((at) => at <= second).length;
    const { state: next, result } = scale(spec, state, { readyPods, second });
    state = next;
    if (result === null) {
      rows.push([second, readyPods, null, null, null, null, readyAt.length]);
      continue;
    }
    const most = spec.maxScale === 0 ? Number.POSITIVE_INFINITY : spec.maxScale;
    const pods = Math.min(Math.max(result.desired, spec.minScale), most);
    const missing = Math.max(0, pods - readyAt.length);
    readyAt = [
      ...readyAt.slice(0, pods),
      ...new Array<number>(missing).fill(second + startupSeconds),
    ];
    const { stable, panic, desired, excessBurstCapacity } = result;
    rows.push([second, readyPods, stable, panic, desired, excessBurstCapacity, pods]);
  }
  return rows;
}

const isGap = ({ gaps }: Case, second: number): boolean =>
  (gaps ?? []).some(([from, to]) => second >= from && second < to);

function loadAt({ loadKind, loadMilli }: Case, second: number): number {
  const index = loadMilli.findLastIndex(([from]) => from <= second);
  const [from, value] = loadMilli[Math.max(0, index)]!;
  const next = loadMilli[index + 1];
  const milli =
    loadKind === "step" || next === undefined || index < 0
      ? value
      : value + Math.floor(((next[1] - value) * (second - from)) / (next[0] - from));
  return (Math.floor(milli / 125) * 125) / 1000;
}
