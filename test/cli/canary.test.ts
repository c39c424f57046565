import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Result, resultSchema } from "../../sim/result/result.ts";

const root = join(import.meta.dirname, "../..");
const bin = join(root, "sim/cli/bin.mjs");
const SCENARIO = {
  peakday: 1,
  name: "quick",
  duration: "1m",
  objective: { p95: "1s" },
  services: {
    shop: {
      replicas: 2,
      startup: "1s",
      revisions: { stable: { errors: "0.5%" }, next: { errors: "5%" } },
      endpoints: { "GET /": [{ wait: "10ms" }] },
    },
  },
  traffic: { shoppers: { rate: "20/s", call: "shop" } },
  policies: {
    staged: {
      rollouts: {
        shop: {
          revision: "next",
          "staged-canary": { stages: [10, 100], stageSeconds: 5, minimumRequests: 20 },
        },
      },
    },
  },
  canary: { errors: ["0.5%", "50%"], variants: { strict: { errorRateLimit: 0 } } },
};

let folder = "";
let file = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "peakday-canary-"));
  file = join(folder, "quick.yaml");
  writeFileSync(file, JSON.stringify(SCENARIO));
});
afterAll(() => rmSync(folder, { recursive: true }));

const command = (...more: readonly string[]): string[] => [
  bin,
  "canary",
  file,
  "--rates",
  "50/s",
  "--runs",
  "3",
  "--out",
  join(folder, "out"),
  ...more,
];

describe("peakday canary", () => {
  it("gives one result whatever the threads, and writes it", () => {
    const results = ["0", "2"].map((workers) => {
      const args = command("--json", "--quiet", "--workers", workers);
      const json = execFileSync(process.execPath, args, { encoding: "utf8" });
      return resultSchema.parse(JSON.parse(json));
    });
    const [first, second] = results as [Result, Result];
    expect(second).toEqual(first);
    expect(
      first.canary?.cells.map((cell) => [cell.variant, cell.trafficRps, cell.rollouts]),
    ).toEqual(
      ["as given", "as given", "as given", "strict", "strict"].map((name) => [name, 50, 3]),
    );
    expect(first.policies.map(({ name }) => name)).toEqual(["staged"]);
    expect(readdirSync(join(folder, "out")).sort()).toEqual([
      "report.html",
      "result.json",
      "run.json",
    ]);
  });

  it("prints the grid, and its progress apart from it", () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, command("--workers", "0"), {
      encoding: "utf8",
    });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^canary: staged-canary, stages 10 100 %/);
    expect(stdout).toMatch(/^ *50 rps +\d+ +\d+ +100 +10 %$/m);
    expect(stderr).toMatch(/^50 rps, 0\.5 % +3 of 3 runs/m);
    expect(stderr).toMatch(/^strict, 50 rps, 5 % ×1\.5–3 +3 of 3 runs/m);
  });

  it("follows the seed", () => {
    const digest = (seed: string): string => {
      const args = command("--json", "--quiet", "--workers", "0", "--seed", seed);
      return resultSchema.parse(
        JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })),
      ).digest;
    };
    expect(digest("5")).not.toBe(digest("6"));
  });

  it.each([
    {
      why: "a scenario without a rollout",
      args: [bin, "canary", join(root, "scenarios/hello.yaml")],
      want: /nothing to roll out in ".*hello\.yaml"\n +no set of policies has exactly one rollout/,
    },
    {
      why: "a rate without a unit",
      args: [bin, "canary", join(root, "scenarios/canary.yaml"), "--rates", "50"],
      want: /50 a second is written 50\/s/,
    },
  ])("ends with 104 on $why", ({ args, want }) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect(stderr).toMatch(want);
    expect(stdout).toBe("");
    expect(status).toBe(104);
  });
});
