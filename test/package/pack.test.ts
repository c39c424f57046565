import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

/** What somebody has who installs the published package: packed, and installed far from here. */
const root = join(import.meta.dirname, "../..");
const home = mkdtempSync(join(tmpdir(), "peakday-package-"));
const installed = join(home, "node_modules/peakday");
const version: unknown = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;

const ownPolicy = `
import { type AutoscalerPolicy, NO_TRACE, seconds } from "peakday";

interface Config { readonly replicas: number }
type State = { readonly replicas: number };

/** Holds whatever number it is given. */
const stubborn: AutoscalerPolicy<Config, State> = {
  name: "stubborn",
  validate: () => [],
  init: ({ replicas }) => ({ replicas }),
  syncPeriod: () => seconds(15),
  step: (state, observation) => ({
    state,
    decision:
      observation.specReplicas === state.replicas
        ? { kind: "hold", reason: "Stubborn", trace: NO_TRACE }
        : { kind: "scale", replicas: state.replicas, reason: "Stubborn", trace: NO_TRACE },
  }),
};
export const autoscalers = { stubborn };
`;

const ownScenario = `
peakday: 1
name: own
duration: 5m
objective: {p95: 200ms}
services: {shop: {endpoints: {GET /: [work: {exponential: 10ms}]}}}
traffic: {visitors: {rate: 50/s, call: shop}}
policies: {own: {autoscalers: {shop: {stubborn: {replicas: 3}}}}}
`;

beforeAll(() => {
  writeFileSync(join(home, "package.json"), '{ "private": true, "type": "module" }\n');
  npm(root, "run", "--silent", "build");
  // Without `prepare`: it would touch node_modules, which other tests are using.
  npm(root, "pack", "--ignore-scripts", "--pack-destination", home);
  const tarball = `peakday-${version}.tgz`;
  npm(home, "install", "--prefer-offline", "--no-audit", "--no-fund", `./${tarball}`);
});

afterAll(() => rmSync(home, { recursive: true, force: true }));

it("contains the bundle, its types, the scenarios and the papers, but no sources", () => {
  const files = readdirSync(installed, { recursive: true, encoding: "utf8" });
  expect(files).toEqual(expect.arrayContaining(["scenarios/hello.yaml", "dist/worker.js"]));
  const papers = ["CHANGELOG.md", "LICENSE", "README.md"].filter((f) => existsSync(join(root, f)));
  expect(readdirSync(installed).sort()).toEqual(
    [...papers, "dist", "package.json", "scenarios"].sort(),
  );
  expect(files.filter((file) => /(?<!\.d)\.ts$/.test(file))).toEqual([]);
});

it("prints its version and its help", () => {
  expect(peakday("--version").stdout.trim()).toBe(version);
  const help = peakday("--help");
  expect(help.status).toBe(0);
  expect(help.stdout).toContain("Usage: peakday");
});

it("simulates to the same bytes as the checkout, in worker threads too", () => {
  const scenario = join(installed, "scenarios/hello.yaml");
  const given = ["run", scenario, "--runs", "2", "--quiet"];
  const packed = peakday(...given, "--workers", "2", "--out", "packed");
  expect(packed.stderr).toBe("");
  expect(packed.status).toBe(0);
  const checkout = node(home, join(root, "sim/cli/bin.mjs"), ...given, "--out", "checkout");
  expect(checkout.status).toBe(0);
  const result = readFileSync(join(home, "packed/result.json"), "utf8");
  expect(result).toBe(readFileSync(join(home, "checkout/result.json"), "utf8"));
  expect(existsSync(join(home, "packed/report.html"))).toBe(true);
});

it("type-checks a policy of one's own", () => {
  writeFileSync(join(home, "stubborn.ts"), ownPolicy);
  writeFileSync(join(home, "wrong.ts"), ownPolicy.replace("specReplicas", "specReplica"));
  expect(typeCheck("stubborn.ts")).toBe("");
  expect(typeCheck("wrong.ts")).toContain("Property 'specReplica' does not exist");
});

it("simulates with a policy of one's own", () => {
  writeFileSync(join(home, "own.ts"), ownPolicy);
  writeFileSync(join(home, "own.yaml"), ownScenario);
  const given = ["run", "own.yaml", "--policies", "own.ts", "--quiet"];
  for (const workers of ["1", "2"]) {
    const ran = peakday(...given, "--runs", "2", "--workers", workers, "--out", `own-${workers}`);
    expect(ran.stderr).toBe("");
    expect(ran.status).toBe(0);
    const result = readFileSync(join(home, `own-${workers}/result.json`), "utf8");
    expect(result).toMatch(/"wanted":\[(3,)+3\]/);
  }
});

/** Errors of the strictest compiler, declarations of the package included. */
function typeCheck(file: string): string {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const flags = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--skipLibCheck", "false"];
  return node(
    home,
    tsc,
    ...flags,
    "--module",
    "nodenext",
    "--target",
    "es2023",
    "--types",
    "",
    file,
  ).stdout;
}

function peakday(...given: readonly string[]): Finished {
  return node(home, join(home, "node_modules/peakday/dist/bin.mjs"), ...given);
}

interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function node(cwd: string, ...given: readonly string[]): Finished {
  return spawnSync(process.execPath, given, { cwd, encoding: "utf8" });
}

function npm(cwd: string, ...given: readonly string[]): void {
  // A parent npm tells its children where its own project is; these are about another one.
  const env = { ...process.env, npm_config_local_prefix: cwd };
  const shell = process.platform === "win32";
  const { status, stderr } = spawnSync("npm", given, { cwd, env, encoding: "utf8", shell });
  if (status !== 0) throw new Error(`npm ${given.join(" ")}\n${stderr}`);
}
