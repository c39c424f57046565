import { execFileSync, execSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { reproduceCommand } from "../../reports/reproduce.ts";
import { type Result, resultSchema } from "../../sim/result/result.ts";

const bin = join(import.meta.dirname, "../../sim/cli/bin.mjs");
const SCENARIO = {
  ...{
    peakday: 1,
    name: "again",
    seed: 3,
    duration: "20s",
    objective: { p95: "1s", failed: "100%" },
  },
  services: {
    shop: {
      ...{ replicas: 2, startup: "1s" },
      revisions: { stable: { errors: "0.5%" }, next: { errors: "5%" } },
      endpoints: { "GET /": [{ wait: { exponential: "10ms" } }] },
    },
  },
  traffic: { shoppers: { rate: "20/s", call: "shop" } },
  policies: {
    plain: {},
    steady: {},
    staged: {
      rollouts: {
        shop: {
          revision: "next",
          "staged-canary": { stages: [10, 100], stageSeconds: 5, minimumRequests: 20 },
        },
      },
    },
  },
  canary: { policy: "staged", errors: ["0.5%", "50%"] },
};
const OVERLAY = { services: { shop: { endpoints: { "GET /": [{ wait: "20ms" }] } } } };

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "peakday-again-"));
  mkdirSync(join(folder, "my scenarios"));
  writeFileSync(join(folder, "my scenarios", "again.yaml"), JSON.stringify(SCENARIO));
  writeFileSync(join(folder, "slow.yaml"), JSON.stringify(OVERLAY));
});
afterAll(() => rmSync(folder, { recursive: true }));

const FLAGS = ["--json", "--quiet", "--workers", "0"];
const read = (json: string): Result => resultSchema.parse(JSON.parse(json));

describe("the command that a report gives", () => {
  it.each([
    { args: ["run", "--runs", "2"] },
    { args: ["run", "--runs", "1", "--policy", "steady", "--seed", "9"] },
    { args: ["run", "--runs", "1", "--overlay", "slow.yaml", "--level", "0.9"] },
    {
      args: [
        ...["compare", "--runs", "2", "--policy", "plain", "steady", "--against", "steady"],
        ...["--set", "traffic.shoppers={rate: 10/s, call: shop}"],
      ],
    },
    {
      args: [
        ...["sweep", "--runs", "1", "--policy", "steady", "--set", "duration=10s"],
        ...["--vary", "services.shop.replicas=1,2", "--vary", "traffic.shoppers.rate=5/s,9/s"],
      ],
    },
    { args: ["headroom", "--runs", "1", "--policy", "plain", "--within", "50%"] },
    { args: ["canary", "--runs", "2", "--rates", "30/s", "50/s"] },
  ])("gives the same result as $args", ({ args }) => {
    const [command = "", ...more] = args;
    const first = execFileSync(
      process.execPath,
      [bin, command, "my scenarios/again.yaml", ...more, ...FLAGS, "--out", "first"],
      { encoding: "utf8", cwd: folder },
    );
    const given = reproduceCommand(read(first)).replace(
      /^peakday/,
      `'${process.execPath}' '${bin}'`,
    );
    const second = execSync(`${given} ${FLAGS.join(" ")} --out second`, {
      ...{ encoding: "utf8", cwd: join(folder, "my scenarios") },
    });
    expect(second).toBe(first);
  });
});
