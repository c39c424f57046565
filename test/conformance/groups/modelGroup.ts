import type { Json } from "../../../sim/kernel/json.ts";
import { difference, evaluated, type GroupRunner } from "./group.ts";

/** What is wrong with one case of a model; it may read the file's own fields, as tolerances. */
export type CaseCheck = (testCase: Json, file: Readonly<Record<string, Json>>) => readonly string[];

/** A group whose files name their model; those without a check go to `others`. */
export const modelGroup =
  (checks: Readonly<Record<string, CaseCheck>>, others?: GroupRunner): GroupRunner =>
  (file) => {
    const { content, cases } = file;
    const model = String(content["model"]);
    const check = Object.hasOwn(checks, model) ? checks[model] : undefined;
    if (check === undefined && others !== undefined) return others(file);
    return cases.map((testCase, index) =>
      evaluated(testCase, index, (one) => check?.(one, content) ?? [`model ${model} is not known`]),
    );
  };

/** The tables give ten significant digits: this much of a value is lost in print. */
const PRINTED = 1e-9;

/** `field: expected …, computed …` when two numbers differ by more than a relative tolerance. */
export function near(
  field: string,
  expected: number | null,
  computed: number | null,
  tolerance = 1e-6,
): readonly string[] {
  if (expected === null || computed === null) return difference(field, expected, computed);
  const allowed = Math.max(tolerance, PRINTED) * Math.abs(expected) + Number.EPSILON;
  return Math.abs(expected - computed) <= allowed ? [] : difference(field, expected, computed);
}
