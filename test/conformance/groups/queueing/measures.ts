import { QUEUE_FULL } from "../../../../sim/dataplane/failure.ts";
import { seriesOf, sum } from "../../../support/observe.ts";
import type { Precision } from "../../statistical/acceptance.ts";
import { exactly, type MetricSpec, numberAt } from "../../statistical/model.ts";
import type { JsonObject } from "../group.ts";
import type { Observed, Thresholds } from "./observed.ts";

/** The queue that a table of one service is about. */
export const QUEUE = "queue";

interface Measure {
  readonly precision: Precision;
  readonly read: (seen: Observed, params: JsonObject) => number;
}

const mean = (read: Measure["read"]): Measure => ({ precision: "mean", read });
const share = (read: Measure["read"]): Measure => ({ precision: "share", read });

/** Servers of the queue, in all. */
const serversOf = (params: JsonObject): number =>
  typeof params["servers"] === "number" ? params["servers"] : 1;

const response = mean((seen) => seen.of(QUEUE).responseSum / seen.of(QUEUE).answered);
const wait = mean((seen) => seen.of(QUEUE).waitSum / seen.of(QUEUE).answered);
const waited = share((seen) => seen.of(QUEUE).waited / seen.of(QUEUE).answered);

/** Metrics of one queue under the names of the tables. Numbers in it follow by Little's law. */
const MEASURES: Readonly<Record<string, Measure>> = {
  utilization: share(
    (seen, params) =>
      sum(seriesOf(seen.model, QUEUE).cpuMicros) / 1e6 / seen.seconds / serversOf(params),
  ),
  meanBusyServers: mean((seen) => sum(seriesOf(seen.model, QUEUE).cpuMicros) / 1e6 / seen.seconds),
  throughput: mean((seen) => seen.of(QUEUE).answered / seen.seconds),
  meanArrivalRate: mean((seen) => seen.of(QUEUE).ended / seen.seconds),
  blocking: share((seen) => (seen.of(QUEUE).byReason.get(QUEUE_FULL) ?? 0) / seen.of(QUEUE).ended),
  meanWait: wait,
  meanWaitAccepted: wait,
  meanWaitAll: mean((seen) => seen.of(QUEUE).allWaitSum / seen.of(QUEUE).ended),
  meanResponse: response,
  meanResponseAccepted: response,
  probWait: waited,
  probWaitAccepted: waited,
  meanInSystem: mean((seen) => seen.of(QUEUE).allLatencySum / seen.seconds),
  meanQueueLength: mean((seen) => seen.of(QUEUE).allWaitSum / seen.seconds),
};

/** A metric whose name means the same in every table of one queue. */
export function measureOf(name: string): Measure {
  const measure = MEASURES[name];
  if (measure === undefined) throw new Error(`no measure ${name}`);
  return measure;
}

const QUANTILE = /^p(?<percent>\d+)(?<kind>Wait|Response)(?:Accepted)?$/u;

/** What a metric's name says of a quantile; null for other metrics. */
function quantileOf(name: string): { readonly q: number; readonly kind: string } | null {
  const { percent, kind } = QUANTILE.exec(name)?.groups ?? {};
  if (percent === undefined || kind === undefined) return null;
  return { q: Number(percent) / 100, kind };
}

/** The limits that the quantiles of a case need. */
export function thresholdsOf(expected: JsonObject): Thresholds {
  const of = (wanted: string): readonly number[] =>
    Object.keys(expected)
      .filter((name) => quantileOf(name)?.kind === wanted)
      .map((name) => numberAt(expected, name));
  return { waits: of("Wait"), responses: of("Response") };
}

/**
 * Metrics of a case: those of `names`, in this order, that its table has. Quantiles are judged by
 * the share of requests below the table's value, which is unbiased, and a standard deviation by
 * the second moment, for the same reason.
 */
export function metricSpecs(expected: JsonObject, names: readonly string[]): readonly MetricSpec[] {
  return names
    .filter((name) => name in expected)
    .map((name): MetricSpec => {
      const quantile = quantileOf(name);
      if (quantile !== null) return exactly(name, quantile.q, "share");
      const value = numberAt(expected, name);
      if (name === "sdWait") {
        const second = value ** 2 + numberAt(expected, "meanWait") ** 2;
        return exactly("sdWait²+meanWait²", second, { absolute: 0.04 * value ** 2 });
      }
      return exactly(name, value, measureOf(name).precision);
    });
}

/** The values of the metrics in one run, in the order of `metricSpecs`. */
export function measured(
  seen: Observed,
  { params, expected }: { readonly params: JsonObject; readonly expected: JsonObject },
  names: readonly string[],
): readonly number[] {
  return names
    .filter((name) => name in expected)
    .map((name) => {
      const quantile = quantileOf(name);
      const calls = seen.of(QUEUE);
      if (quantile !== null) {
        const limit = numberAt(expected, name);
        const within = quantile.kind === "Wait" ? calls.waitsWithin : calls.responsesWithin;
        const below = within.get(limit)! / calls.answered;
        // Where the quantile is 0 because fewer have to wait at all, more are "below" it.
        return limit === 0 ? Math.min(below, quantile.q) : below;
      }
      if (name === "sdWait") return calls.waitSquares / calls.answered;
      return measureOf(name).read(seen, params);
    });
}
