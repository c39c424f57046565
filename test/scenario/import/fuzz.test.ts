import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadScenario } from "../../../sim/scenario/load.ts";
import { loadWith, SHOP } from "./support.ts";

/** Printed with every failure; fixed, so that a failure in one place is a failure in all. */
const SEED = 20_261_127;
const TIME_LIMIT = 60_000;
const RUNS = 200;

const folder = join(import.meta.dirname, "k8s");
const names = readdirSync(folder).sort();
const originals = new Map(
  names.map((name) => [`k8s/${name}`, readFileSync(join(folder, name), "utf8")]),
);

/** What means something in YAML or in a manifest, put where it does not belong. */
const TOKENS = [
  ..."[]{}:,-?|>&*!%@`'\"#\t\n\0",
  "\n---\n",
  "\n...\n",
  "*labels",
  "<<: *labels",
  "null",
  "-1",
  "1e999",
  ".nan",
  "true",
  "{}",
  "[]",
  "[[]]",
  "__proto__: {a: 1}",
  "constructor",
  "250m",
  "9Ei",
  "-5Gi",
  "101%",
  "web",
  "shop/web",
  "default",
  "Deployment",
  "StatefulSet",
  "Rollout",
  "HorizontalPodAutoscaler",
  "PodDisruptionBudget",
  "List",
  "autoscaling/v1",
  "autoscaling/v2",
  "apps/v1",
  "policy/v1",
  "{{ .Values.a }}",
  "items: [{kind: List, apiVersion: v1, items: 3}]",
  "peakday: 1",
  "workloadRef: {name: web}",
  "selector: {matchExpressions: [{key: a, operator: Gt}]}",
];

interface Mutation {
  readonly kind: "delete" | "insert" | "replace" | "repeat" | "value" | "line";
  readonly file: number;
  readonly at: number;
  readonly length: number;
  readonly token: string;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom("delete", "insert", "replace", "repeat", "value", "line"),
  file: fc.nat({ max: names.length }),
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  length: fc.integer({ min: 1, max: 40 }),
  token: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...TOKENS) },
    { weight: 1, arbitrary: fc.string({ maxLength: 6, unit: "binary" }) },
  ),
});

function mutate(text: string, { kind, at, length, token }: Mutation): string {
  const start = Math.floor(at * text.length);
  const [before, cut, after] = [
    text.slice(0, start),
    text.slice(start, start + length),
    text.slice(start + length),
  ];
  switch (kind) {
    case "delete":
      return before + after;
    case "insert":
      return before + token + cut + after;
    case "replace":
      return before + token + after;
    case "repeat":
      return before + cut + cut + after;
    case "value":
      return before + text.slice(start).replace(/: [^\n,}\]{[]+/u, () => `: ${token}`);
    case "line": {
      const lines = text.split("\n");
      lines.splice(Math.floor(at * lines.length), 1 + (length % 4));
      return lines.join("\n");
    }
  }
}

function expectSense(files: ReadonlyMap<string, string>, scenario: string): void {
  const { scenarios, problems, warnings } = loadScenario({
    file: "shop.yaml",
    text: scenario,
    readFile: (name) => files.get(name) ?? null,
    listFiles: () => [...files.keys()],
  });
  // Either it is sound, or something is said about it.
  expect(scenarios.length > 0).toBe(problems.length === 0);
  for (const { file, line, column, length, message, hint, sourceLine } of [
    ...problems,
    ...warnings,
  ]) {
    const lines = (files.get(file) ?? scenario).split(/\r\n|\n|\r/u);
    expect(lines[line - 1]).toBe(sourceLine);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(column).toBeLessThanOrEqual(sourceLine.length + 1);
    expect(length).toBeGreaterThanOrEqual(1);
    expect(`${message} ${hint}`).not.toMatch(/undefined|NaN|\[object/u);
  }
}

const POLICIES = `
policies:
  deployed: {}
  release:
    rollouts:
      pay: { revision: v2, argo-canary: { bindings: { success-rate: canary-success-rate } } }
`;

describe("the import of manifests", () => {
  it(
    "never throws, whatever manifests and scenario are turned into",
    () => {
      fc.assert(
        fc.property(
          fc.constantFrom(SHOP, SHOP + POLICIES),
          fc.array(mutation, { minLength: 1, maxLength: 5 }),
          (scenario, mutations) => {
            const files = new Map(originals);
            let text = scenario;
            for (const change of mutations) {
              const name = `k8s/${names[change.file] ?? ""}`;
              const before = files.get(name);
              if (before === undefined) text = mutate(text, change);
              else files.set(name, mutate(before, change));
            }
            expectSense(files, text);
          },
        ),
        { seed: SEED, numRuns: RUNS },
      );
    },
    TIME_LIMIT,
  );

  it.each(["[", "{a: ", "- ", "--- \n"])("survives ten thousand times %j", (token) => {
    const { scenarios, problems } = loadWith({ "k8s/deep.yaml": token.repeat(10_000) });
    expect(scenarios.length > 0).toBe(problems.length === 0);
  });
});
