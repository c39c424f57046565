import { expect, it } from "vitest";
import { halvedLinks, halvedTasks, withHalved } from "../../sim/experiment/halved.ts";
import { runReplication } from "../../sim/experiment/replication.ts";
import { summarise } from "../../sim/experiment/summarise.ts";
import { builtInPolicies } from "../../sim/policy/index.ts";
import { scenarioOf } from "../support/scenarios.ts";

/** A fleet of two that a spike makes too small; 2 pods a minute may come. */
const spec = {
  minReplicas: 2,
  maxReplicas: 8,
  metrics: [
    {
      type: "Resource",
      resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } },
    },
  ],
  behavior: {
    scaleUp: {
      stabilizationWindowSeconds: 30,
      policies: [{ type: "Pods", value: 1, periodSeconds: 60 }],
    },
  },
};
const scenario = scenarioOf({
  peakday: 1,
  name: "halved",
  duration: "10m",
  warmUp: "1m",
  objective: { p95: "1s" },
  services: {
    shop: {
      replicas: 2,
      resources: { requests: { cpu: "500m" }, limits: { cpu: "500m" } },
      startup: "4s",
      readinessProbe: { periodSeconds: 2 },
      // Few at a time, so that probes get their share of the CPU.
      concurrency: 10,
      queue: 50,
      probeThread: "own",
      endpoints: { "GET /": [{ work: "20ms" }] },
    },
  },
  traffic: {
    t: {
      arrivals: "paced",
      call: "shop",
      timeout: "1s",
      rate: {
        steps: [
          { at: "0s", rate: "20/s" },
          { at: "2m", rate: "110/s" },
        ],
      },
    },
  },
  policies: { hpa: { autoscalers: { shop: { hpa: spec } } } },
});
const identity = { version: "0", file: "halved.yaml", scenarioDigest: "0", level: 0.95 };

it("runs each link of a delay chain with its parameter halved, and nothing else changed", () => {
  const task = { scenario, replication: 0, detail: true, from: null };
  const output = runReplication(task, builtInPolicies);
  const plain = summarise({
    identity,
    scenarios: [scenario],
    outputs: [[output]],
    against: scenario.policy.name,
  });
  const chain = plain.policies[0]!.delayChains[0]!;
  const halved = halvedLinks(scenario, [chain]);
  const outputs = halvedTasks(halved, 1).map((run) => [runReplication(run, builtInPolicies)]);
  const result = withHalved(plain, scenario.policy.name, halved, outputs);
  const links = new Map(
    result.policies[0]!.delayChains[0]!.links.map((link) => [link.link, link] as const),
  );
  const whole = chain.wholeSeconds.mean;
  // Three pods, one a minute: two waits of a minute for the limit, which becomes one.
  expect(links.get("policy limit")!.seconds).toBeGreaterThanOrEqual(60);
  expect(whole - links.get("policy limit")!.halvedWholeSeconds!).toBeGreaterThan(59.9);
  expect(whole - links.get("endpoint")!.halvedWholeSeconds!).toBeCloseTo(0.5, 6);
  expect(links.get("node")!.halvedWholeSeconds).toBeNull();
  expect(result.digest).not.toBe(plain.digest);
  expect(plain.policies[0]!.delayChains[0]!.links[0]!.halvedWholeSeconds).toBeNull();
});
