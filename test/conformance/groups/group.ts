import type { Json } from "../../../sim/kernel/json.ts";

export interface CaseResult {
  readonly name: string;
  /** First differences between expected and computed; empty when the case passed. */
  readonly differences: readonly string[];
}

/**
 * One file of a group's folder: `name` without its folder, `content` parsed. Cases are objects, or
 * arrays where the file is a table.
 */
export interface ConformanceFile {
  readonly name: string;
  readonly content: JsonObject;
  readonly cases: readonly Json[];
}

export type JsonObject = { readonly [key: string]: Json };

/** Evaluates every case of a file, in order, one result each. */
export type GroupRunner = (
  file: ConformanceFile,
) => readonly CaseResult[] | Promise<readonly CaseResult[]>;

/** Evaluates one case; whatever is thrown fails the case, and only this case. */
export function evaluated(
  testCase: Json,
  index: number,
  differencesOf: (testCase: Json) => readonly string[],
): CaseResult {
  const { name: title, id } = isObject(testCase) ? testCase : {};
  const name = String(title ?? id ?? `case ${index}`);
  try {
    return { name, differences: differencesOf(testCase) };
  } catch (error) {
    return { name, differences: [`could not be evaluated: ${String(error)}`] };
  }
}

/** Narrows parsed JSON, for which braces mean an object of JSON values. */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `field: expected …, computed …` when two values differ as JSON, keys in any order. */
export function difference(field: string, expected: unknown, computed: unknown): string[] {
  const [wanted, got] = [stable(expected), stable(computed)];
  return wanted === got ? [] : [`${field}: expected ${wanted}, computed ${got}`];
}

function stable(value: unknown): string {
  const sorted = (_: string, inner: unknown): unknown =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner;
  return value === undefined ? "nothing" : JSON.stringify(value, sorted);
}
