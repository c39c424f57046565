import { describe, expect, it } from "vitest";
import { reproduceCommand } from "../../reports/reproduce.ts";
import { replicationTasks } from "../../sim/experiment/experiment.ts";
import { runReplication } from "../../sim/experiment/replication.ts";
import { summarise } from "../../sim/experiment/summarise.ts";
import { builtInPolicies } from "../../sim/policy/index.ts";
import { resultSchema } from "../../sim/result/result.ts";
import { Workplace } from "../cli/support.ts";
import { type ScenarioText, scenariosOf } from "../support/scenarios.ts";

/** M/M/1: 100 a second can be served. */
const server = (rate: number, duration: string, warmUp = "1m"): ScenarioText => ({
  duration,
  warmUp,
  objective: { mean: "1s", failed: "1%" },
  services: {
    web: {
      cpu: "fifo",
      concurrency: 1,
      resources: { limits: { cpu: 1 } },
      endpoints: { get: [{ work: { exponential: "10ms" } }] },
    },
  },
  traffic: { users: { rate: `${rate}/s`, call: "web" } },
});

function batched(written: ScenarioText, batches: number) {
  const scenarios = scenariosOf(written);
  const [plain] = replicationTasks({ scenarios, runs: 1, from: null });
  const [task] = replicationTasks({ scenarios, runs: 1, from: null, batches });
  const output = runReplication(task!, builtInPolicies);
  const identity = { version: "0", file: "x.yaml", scenarioDigest: "0", level: 0.99 };
  const result = summarise({ identity, scenarios, outputs: [[output]], against: "as-is" });
  return { output, result, policy: result.policies[0]!, plain: plain! };
}

describe("batch means", () => {
  it("change nothing of the run, and take it apart without a rest", () => {
    const { output, plain } = batched(server(50, "1m"), 7);
    const whole = runReplication(plain, builtInPolicies);
    expect(output.result).toEqual(whole.result);
    expect(whole.batches).toBeNull();
    const batches = output.batches!;
    expect(batches).toHaveLength(7);
    const sum = (read: (batch: (typeof batches)[number]) => number): number =>
      batches.reduce((all, batch) => all + read(batch), 0);
    expect(sum(({ requests }) => requests)).toBe(whole.result.requests);
    expect(sum(({ completed }) => completed)).toBe(whole.result.completed);
    expect(sum(({ failed }) => failed)).toBe(whole.result.failed);
    const total = sum(({ latency, completed }) => latency!.meanMs * completed);
    expect(total / whole.result.completed).toBeCloseTo(whole.result.latency!.meanMs, 6);
  });

  it("enclose what theory says of M/M/1 in a steady state", () => {
    const { policy, result } = batched(server(50, "30m"), 20);
    const { meanMs, p95Ms, throughputRps } = policy.metrics;
    // 1 ÷ (μ − λ) = 20 ms, exponential; the throughput is the arrival rate.
    for (const [estimate, theory] of [
      [meanMs, 20],
      [p95Ms, 20 * Math.log(20)],
      [throughputRps, 50],
    ] as const) {
      expect(estimate!.low!).toBeLessThan(theory);
      expect(estimate!.high!).toBeGreaterThan(theory);
      expect(estimate!.n).toBe(20);
    }
    expect(policy.batchMeans).toMatchObject({ count: 20, seconds: 90, isIndependent: true });
    expect(policy.objective.checks[0]!.value).toEqual(meanMs);
    expect(result.warnings.join(" ")).not.toMatch(/replication|correlated/);
  });

  it("that are too short are found to be correlated", () => {
    const { policy, result } = batched(server(97, "2m"), 20);
    expect(policy.batchMeans!.isIndependent).toBe(false);
    expect(policy.batchMeans!.lag1).toBeGreaterThan(0.4);
    expect(result.warnings.join(" ")).toMatch(/20 batches of 6 s are correlated \(lag 1: 0\.\d\d/);
  });

  it("without answers are told of", () => {
    const { policy, result } = batched(server(0.1, "30s"), 20);
    expect(policy.metrics.meanMs?.low ?? null).toBeNull();
    expect(result.warnings.join(" ")).toMatch(/have no answers/);
  });
});

describe("peakday run --batch-means", () => {
  const place = new Workplace({
    "shop.yaml": `peakday: 1
name: shop
duration: 1m
warmUp: 5s
objective: { p95: 1s }
services: { shop: { endpoints: { get: [work: { exponential: 20ms }] } } }
traffic: { users: { rate: 20/s, call: shop } }
`,
  });

  it("runs once, says where its intervals come from, and can be repeated", () => {
    const { stdout } = place.peakday("run shop.yaml --batch-means --json --quiet");
    const result = resultSchema.parse(JSON.parse(stdout));
    expect(result.policies[0]!.replications).toHaveLength(1);
    expect(result.policies[0]!.batchMeans!.count).toBe(20);
    const again = reproduceCommand(result);
    expect(again).toContain("--batch-means 20");
    const words = again.replace("peakday ", "");
    expect(place.peakday(`${words} --json --quiet --workers 0`).stdout).toBe(stdout);
    const text = place.peakday("run shop.yaml --batch-means 10 --quiet").stdout;
    expect(text).toMatch(/± from 10 batches of 6\.0 s of one run/);
  });

  it("refuses what replicates", () => {
    for (const words of ["--runs 3", "--until-width 2%", "--from x.json"]) {
      const { status, stderr } = place.peakday(`run shop.yaml --batch-means ${words}`);
      expect({ words, status }).toEqual({ words, status: 104 });
      expect(stderr).toMatch(/one whole run|--from goes on|--until-width/);
    }
    expect(place.peakday("run shop.yaml --batch-means 2").status).toBe(104);
  });
});
