import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { listBeside } from "../../../sim/cli/manifestFiles.ts";
import { type Loaded, type LoadOptions, loadScenario } from "../../../sim/scenario/load.ts";
import type { Problem } from "../../../sim/scenario/problem.ts";
import type { Scenario } from "../../../sim/scenario/scenario.ts";

const folder = import.meta.dirname;
const shopFile = join(folder, "shop.yaml");
export const SHOP = readFileSync(`${shopFile}.txt`, "utf8");

/** A file of this folder. */
export const readReal = (name: string): string => readFileSync(join(folder, name), "utf8");

/** The shop of this folder with its manifests. */
export const loadShop = (options: Partial<LoadOptions> = {}): Loaded =>
  loadScenario({
    file: "shop.yaml",
    text: SHOP,
    readFile: readReal,
    listFiles: (pattern) => listBeside(shopFile, pattern),
    ...options,
  });

/** A scenario with one service and the manifests in `files`, by name. */
export const loadWith = (
  files: Readonly<Record<string, string>>,
  options: Partial<LoadOptions> = {},
): Loaded =>
  loadScenario({
    file: "sims/web.yaml",
    text: WEB,
    readFile: (name) => files[name] ?? null,
    listFiles: () => Object.keys(files),
    ...options,
  });

export const WEB = `
peakday: 1
name: web
duration: 30m
objective: { p95: 300ms }
services:
  web: { endpoints: { GET /: [{ work: 8ms }] } }
traffic: { shoppers: { rate: 100/s, call: web } }
cluster: { manifests: k8s }
`;

/** A Deployment as short as it can be, with more in its spec and container. */
export const deployment = ({ name = "web", spec = "", container = "" } = {}): string =>
  `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      containers:
        - name: ${name}
          image: ${name}:1
${indented(container, 10)}${indented(spec, 2)}`;

export const autoscaler = ({ name = "web", target = "web", max = 10, rest = "" } = {}): string =>
  `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: ${name} }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: ${target} }
  maxReplicas: ${max}
${indented(rest, 2)}`;

const indented = (text: string, by: number): string =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => `${" ".repeat(by)}${line}\n`)
    .join("");

export function soundly({ scenarios, problems }: Loaded): readonly Scenario[] {
  expect(problems.map(problemText)).toEqual([]);
  return scenarios;
}

export function sole(loaded: Loaded): Scenario {
  const [scenario, ...others] = soundly(loaded);
  expect(others).toEqual([]);
  if (scenario === undefined) throw new Error("no scenario");
  return scenario;
}

/** Place, what the carets underline, message and hint. */
export function problemText(problem: Problem): string {
  const { file, line, column, length, message, hint, sourceLine } = problem;
  const underlined = sourceLine.slice(column - 1, column - 1 + length);
  const place = `${file}:${line}:${column}: [${underlined}] ${message}`;
  return hint === null ? place : `${place} | ${hint}`;
}
