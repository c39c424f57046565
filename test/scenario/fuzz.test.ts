import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadScenario } from "../../sim/scenario/load.ts";

const root = join(import.meta.dirname, "../..");
const texts = ["hello", "canary", "black-friday", "w3"].map((name) =>
  readFileSync(join(root, `scenarios/${name}.yaml`), "utf8"),
);

/** Printed with every failure; fixed, so that a failure in one place is a failure in all. */
const SEED = 20_261_127;
/** Far above what the runs take; a loader that hangs still ends. */
const TIME_LIMIT = 60_000;
const RUNS = 200;

/** Things that mean something in YAML or in a scenario, put where they do not belong. */
const TOKENS = [
  ..."[]{}:,-?|>&*!%@`'\"#\t\n\r\0\uFEFF",
  "<<: ",
  "*documented",
  "&slowly",
  "null",
  "~",
  "-1",
  "0",
  "1e999",
  ".nan",
  ".inf",
  "0x10",
  "999999999999999999999",
  "true",
  "{}",
  "[]",
  "__proto__: {a: 1}",
  "constructor: 1",
  "toString",
  "0s",
  "9999999d",
  "0/s",
  "999999999/s",
  "101%",
  "-1m",
  "9Ei",
  "product",
  "\n  - ",
  "\n\n---\n",
  "[[[[[[[[[[",
  "{steps: [{at: 5m, rate: 1/s}, {at: 5m, rate: 1/s}]}",
  "{preset: prime-day, dealInterval: 1us}",
  "{bounded-pareto: {min: 2s, max: 1s, shape: 1}}",
];

interface Mutation {
  readonly kind: "delete" | "insert" | "replace" | "swap" | "repeat" | "type";
  readonly at: number;
  readonly length: number;
  readonly token: string;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom("delete", "insert", "replace", "swap", "repeat", "type"),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.integer({ min: 1, max: 60 }),
  token: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...TOKENS) },
    { weight: 1, arbitrary: fc.string({ maxLength: 8, unit: "binary" }) },
  ),
});

function mutate(text: string, { kind, at, length, token }: Mutation): string {
  const start = Math.floor(at * text.length);
  const before = text.slice(0, start);
  const cut = text.slice(start, start + length);
  const after = text.slice(start + length);
  switch (kind) {
    case "delete":
      return before + after;
    case "insert":
      return before + token + cut + after;
    case "replace":
      return before + token + after;
    case "swap":
      return before + after.slice(0, length) + cut + after.slice(length);
    case "repeat":
      return before + cut + cut + after;
    case "type":
      // The next value of a key becomes something else.
      return before + text.slice(start).replace(/: [^\n,}\]]+/u, () => `: ${token}`);
  }
}

const loadAll = (text: string) =>
  loadScenario({ file: "fuzz.yaml", text, readFile: () => "timestamp_s,rps\n0,1\n" });

function expectSense(text: string): void {
  const { scenarios, problems } = loadAll(text);
  // Either it is sound, or something is said about it.
  expect(scenarios.length > 0).toBe(problems.length === 0);
  const lines = text.split(/\r\n|\n|\r/u);
  for (const { line, column, length, message, sourceLine } of problems) {
    expect(lines[line - 1]).toBe(sourceLine);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(column).toBeLessThanOrEqual(sourceLine.length + 1);
    expect(length).toBeGreaterThanOrEqual(1);
    expect(message).not.toMatch(/undefined|NaN|\[object/u);
  }
}

describe("the loader", () => {
  it(
    "never throws, whatever a scenario is turned into",
    () => {
      fc.assert(
        fc.property(
          fc.constantFrom(...texts),
          fc.array(mutation, { minLength: 1, maxLength: 6 }),
          (text, mutations) => expectSense(mutations.reduce(mutate, text)),
        ),
        { seed: SEED, numRuns: RUNS },
      );
    },
    TIME_LIMIT,
  );

  it(
    "never throws, whatever the text",
    () => {
      fc.assert(
        fc.property(
          fc.oneof(
            fc.string({ unit: "binary", maxLength: 200 }),
            fc.array(fc.constantFrom(...TOKENS), { maxLength: 40 }).map((all) => all.join("")),
          ),
          expectSense,
        ),
        { seed: SEED, numRuns: RUNS },
      );
    },
    TIME_LIMIT,
  );

  it.each(["[", "{a: ", "- ", "? "])("survives ten thousand times %j", (token) => {
    expectSense(token.repeat(10_000));
  });
});
