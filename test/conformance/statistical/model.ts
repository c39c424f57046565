import { digestText } from "../../../sim/kernel/digest.ts";
import { isObject, type JsonObject } from "../groups/group.ts";
import type { Precision } from "./acceptance.ts";

/** A metric of a case, as its table has it. */
export interface MetricSpec {
  readonly name: string;
  readonly expected: number;
  readonly precision: Precision;
  /** Largest |m / v − 1| that an approximate table allows; null for exact ones. */
  readonly relativeTolerance: number | null;
  /** Of a share: the independent trials of each replication that it counts. */
  readonly trials?: number;
}

/** How the cases of one statistical table are simulated. */
export interface StatisticalModel {
  /** What is judged; the first one stands for the case. Throws for what it does not know. */
  metrics(testCase: JsonObject): readonly MetricSpec[];
  /**
   * One replication, from nothing: a value for each metric, in their order. Replications of one
   * case are independent, and those of other cases, too.
   */
  replicate(testCase: JsonObject, replication: number): readonly number[];
  /** The least number of replications; 32 where a model does not say. */
  readonly replications?: number;
}

export const exactly = (name: string, expected: number, precision: Precision): MetricSpec => ({
  name,
  expected,
  precision,
  relativeTolerance: null,
});

/**
 * Seed of a case: fixed before looking, and another one for other parameters, since tests that
 * take one metric per case need independent cases.
 */
export function seedOf(testCase: JsonObject): number {
  const text = JSON.stringify([testCase["id"] ?? null, testCase["params"] ?? null]);
  return Number.parseInt(digestText(text).slice(0, 8), 16) >>> 1;
}

export function numberAt(object: JsonObject, ...path: readonly string[]): number {
  const value = path.reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), object);
  if (typeof value !== "number") throw new Error(`no number at ${path.join(".")}`);
  return value;
}

export function objectAt(object: JsonObject, key: string): JsonObject {
  const value = object[key];
  if (!isObject(value)) throw new Error(`no object at ${key}`);
  return value;
}
