import { expect, it } from "vitest";
import { ran, scenarioOf } from "../support/scenarios.ts";

/** One node of two cores; a quiet service, and a loud one without a limit that wants it all. */
function meanMs(loud: { readonly limits?: { readonly cpu: string } }): number {
  const model = ran(
    scenarioOf({
      peakday: 1,
      name: "neighbours",
      duration: "30s",
      warmUp: "5s",
      objective: { p95: "1s" },
      services: {
        quiet: {
          resources: { requests: { cpu: "500m" }, limits: { cpu: "1500m" } },
          endpoints: { "GET /": [{ work: "20ms" }] },
        },
        loud: {
          resources: { requests: { cpu: "500m" }, ...loud },
          concurrency: 16,
          queue: 1000,
          endpoints: { "GET /": [{ work: "100ms" }] },
        },
      },
      traffic: {
        users: { rate: "40/s", call: "quiet" },
        crowd: { rate: "30/s", call: "loud", timeout: "1s" },
      },
      cluster: { nodes: [{ count: 1, cpu: 2, memory: "8Gi" }] },
    }),
  );
  const quiet = model.recorder.services[0]!;
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  return sum(quiet.totalMicros) / sum(quiet.answered) / 1000;
}

it("a neighbour without a limit slows whoever shares its node, and a limit spares them", () => {
  const [withLimit, without] = [meanMs({ limits: { cpu: "500m" } }), meanMs({})];
  // Alone the quiet one needs 0.8 of its 1.5 cores.
  expect(withLimit).toBeLessThan(40);
  expect(without).toBeGreaterThan(withLimit * 1.2);
});
