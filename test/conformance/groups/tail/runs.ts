import { OK } from "../../../../sim/dataplane/failure.ts";
import type { Model } from "../../../../sim/scenario/build/model.ts";
import {
  evenly,
  type ModelOptions,
  modelOf,
  type ScenarioText,
} from "../../../support/scenarios.ts";
import { exactly, type MetricSpec, numberAt } from "../../statistical/model.ts";
import type { JsonObject } from "../group.ts";

/** Nothing queues in these tables: how often requests come makes no difference. */
const GAP = 10;
/** Long enough for whoever is still under way after the last arrival. */
const DRAIN_SECONDS = 600;

/** Requests of one replication, and what became of each, in seconds. */
export interface Requests {
  readonly count: number;
  readonly model: Model;
  /** Of those that were answered and of those that failed, in order of their ends. */
  readonly answered: readonly number[];
  readonly failed: readonly number[];
}

/** Sends so many requests to `front`, the client's settings beside, and waits for all of them. */
export function requests(
  count: number,
  written: {
    readonly services: ScenarioText;
    readonly client?: ScenarioText;
    /** Milliseconds between two requests. */
    readonly gap?: number;
  },
  { seed, ...options }: ModelOptions & { readonly seed: number },
): Requests {
  const { services, client, gap = GAP } = written;
  const model = modelOf(
    {
      seed,
      duration: `${(count * gap) / 1000 + DRAIN_SECONDS}s`,
      services,
      traffic: { users: { ...evenly(count, gap), call: "front", ...client } },
    },
    options,
  );
  const answered: number[] = [];
  const failed: number[] = [];
  const { recorder } = model;
  const [completed, lost] = [
    recorder.requestCompleted.bind(recorder),
    recorder.requestFailed.bind(recorder),
  ];
  recorder.requestCompleted = (latency) => {
    answered.push(latency / 1e6);
    completed(latency);
  };
  recorder.requestFailed = (reason, latency) => {
    failed.push(latency / 1e6);
    lost(reason, latency);
  };
  model.run();
  if (answered.length + failed.length !== count) throw new Error("some request has not ended");
  return { count, model, answered, failed };
}

/** Latencies of the answered calls of each service, in seconds, while a model runs. */
export class CallLatencies {
  readonly #of: number[][] = [];

  readonly observer = {
    ended: (service: number, _traffic: number, reason: number, latency: number): void => {
      if (reason !== OK) return;
      this.#of[service] ??= [];
      this.#of[service].push(latency / 1e6);
    },
  };

  of(service: number): readonly number[] {
    return this.#of[service] ?? [];
  }
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

export const shareBelow = (values: readonly number[], limit: number): number =>
  values.filter((value) => value <= limit).length / values.length;

/** By interpolation between order statistics. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort();
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low]! + (at - low) * ((sorted[low + 1] ?? sorted[low]!) - sorted[low]!);
}

const QUANTILE = /^p(?<percent>[\d.]+)$/u;

/** The quantiles of a table, as their shares: `p99.9` is 0.999. */
const quantilesOf = (expected: JsonObject): readonly (readonly [string, number])[] =>
  Object.keys(expected).flatMap((name) => {
    const percent = QUANTILE.exec(name)?.groups?.["percent"];
    return percent === undefined ? [] : [[name, Number(percent) / 100] as const];
  });

/** The mean and the quantiles of a latency; quantiles by the share that is faster. */
export const latencySpecs = (expected: JsonObject, prefix = ""): readonly MetricSpec[] => [
  exactly(`${prefix}mean`, numberAt(expected, "mean"), "mean"),
  ...quantilesOf(expected).map(([name, q]) => exactly(`${prefix}${name}`, q, "share")),
];

/** Their values, in the same order. */
export const latencyValues = (
  expected: JsonObject,
  latencies: readonly number[],
): readonly number[] => [
  mean(latencies),
  ...quantilesOf(expected).map(([name]) => shareBelow(latencies, numberAt(expected, name))),
];

/** Calls that reached a service over the whole run, per request. */
export const callsPerRequest = ({ model, count }: Requests, service: string): number => {
  const index = model.plan.services.findIndex(({ name }) => name === service);
  const { arrivals } = model.recorder.services[index]!;
  return arrivals.reduce((sum, value) => sum + value, 0) / count;
};
