import { expect, it } from "vitest";
import { evenly, ran } from "../support/scenarios.ts";

it("replaces an evicted pod when it begins to terminate, not when it is gone", () => {
  const model = ran({
    duration: "60s",
    services: {
      web: { replicas: 2, preStop: "10s", startup: "1s", endpoints: { get: [{ wait: "1ms" }] } },
    },
    cluster: { nodes: [{ count: 2, cpu: 4, memory: "8Gi", zones: ["a"] }] },
    traffic: { users: { ...evenly(10, 1000), call: "web" } },
    faults: [{ at: "10s", for: "30s", drain: "node-1" }],
  });
  const { pods } = model.cluster;
  const evicted = pods.filter(({ deletedAt }) => deletedAt !== null && deletedAt >= 10e6);
  expect(evicted.length).toBeGreaterThan(0);
  for (const { deletedAt, goneAt } of evicted) {
    expect(goneAt! - deletedAt!).toBeGreaterThanOrEqual(10e6);
    expect(pods.some(({ createdAt }) => createdAt === deletedAt)).toBe(true);
  }
});
