import { closest, distance } from "fastest-levenshtein";
import { z } from "zod";
import type { ConfigProblem } from "../policy.ts";

/**
 * What of a value does not fit a schema, as problems of a configuration; unknown fields name the
 * nearest known one.
 */
export function problemsOf(schema: z.ZodType, value: unknown): readonly ConfigProblem[] {
  const parsed = schema.safeParse(value);
  if (parsed.success) return [];
  return parsed.error.issues.flatMap((issue) => {
    const path = issue.path.filter((part) => typeof part !== "symbol");
    if (issue.code === "unrecognized_keys") {
      const known = Object.keys(fieldsAt(schema, path));
      return issue.keys.map((key) => ({
        path: [...path, key],
        expected: expectedField(key, known),
        received: `the unknown field ${key}`,
      }));
    }
    const isShare = issue.code === "invalid_type" && mostAt(schema, path) === 1;
    const expected = `${expectation(issue)}${isShare ? " from 0 to 1" : ""}`;
    return [{ path, expected, received: shown(valueAt(value, path)) }];
  });
}

function expectedField(key: string, known: readonly string[]): string {
  const nearest = closest(key, known);
  const isNear = distance(key, nearest) <= Math.max(2, key.length / 3);
  const list = `one of ${known.join(", ")}`;
  return isNear ? `${nearest} (${list})` : list;
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return withArticle(TYPE_NAMES[issue.expected] ?? issue.expected);
    case "invalid_value":
      return `one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
      return `${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}`;
    case "too_big":
      return `${issue.inclusive === false ? "less than" : "at most"} ${issue.maximum}`;
    default:
      return issue.message;
  }
}

const withArticle = (noun: string): string => `${/^[aeio]/.test(noun) ? "an" : "a"} ${noun}`;

const TYPE_NAMES: Readonly<Record<string, string>> = { int: "whole number", record: "mapping" };

/** A value as it stands in a message. */
export const shown = (value: unknown): string =>
  value === undefined ? "nothing" : (JSON.stringify(value) ?? String(value));

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((inner, part) => {
    if (typeof inner !== "object" || inner === null) return undefined;
    return new Map<string, unknown>(Object.entries(inner)).get(String(part));
  }, value);
}

/** The fields that the schema knows at a path. */
function fieldsAt(schema: z.core.$ZodType, path: readonly (string | number)[]): object {
  let inner = unwrapped(schema);
  for (const part of path) {
    if (inner instanceof z.ZodArray) inner = unwrapped(inner.element);
    else if (inner instanceof z.ZodObject) {
      const field: z.core.$ZodType | undefined = inner.shape[String(part)];
      if (field === undefined) return {};
      inner = unwrapped(field);
    }
  }
  return inner instanceof z.ZodObject ? inner.shape : {};
}

/** The most that a number may be at a path; null where nothing or no number is. */
function mostAt(schema: z.core.$ZodType, path: readonly (string | number)[]): number | null {
  const fields = new Map<string, unknown>(Object.entries(fieldsAt(schema, path.slice(0, -1))));
  const field = fields.get(String(path.at(-1)));
  const inner = field instanceof z.ZodType ? unwrapped(field) : null;
  return inner instanceof z.ZodNumber ? inner.maxValue : null;
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable) inner = inner.unwrap();
  return inner;
}
