import { describe, expect, it } from "vitest";
import type { Pod } from "../../sim/cluster/pod.ts";
import type { Model } from "../../sim/scenario/build/model.ts";
import { ran, type ScenarioText } from "../support/scenarios.ts";

/** A shop under an HPA and a canary that fails, with a slow minute and a death. */
const written: ScenarioText = {
  seed: 5,
  warmUp: "10s",
  duration: "240s",
  services: {
    shop: {
      replicas: 2,
      resources: { requests: { cpu: "500m", memory: "256Mi" }, limits: { cpu: 1 } },
      startup: { lognormal: { mean: "3s", cv: 0.5 } },
      image: { pull: { exponential: "2s" } },
      readinessProbe: { initialDelaySeconds: 1, periodSeconds: 3 },
      revisions: { v1: { errors: "0.2%" }, v2: { errors: "6%" } },
      endpoints: { get: [{ work: { exponential: "15ms" } }] },
    },
  },
  traffic: {
    users: {
      rate: { steps: [{ at: "0s", rate: "40/s" }, { at: "80s", rate: "110/s" }] },
      call: "shop",
      timeout: "1s",
    },
  },
  faults: [
    { name: "noisy neighbour", at: "30s", for: "20s", service: "shop", slow: 1.3 },
    { name: "a pod dies", at: "150s", service: "shop", replicas: 1, kill: true },
  ],
  policies: {
    set: {
      autoscalers: { shop: { hpa: { minReplicas: 2, maxReplicas: 6 } } },
      rollouts: {
        shop: { revision: "v2", at: "5s", "staged-canary": { stages: [20, 50], stageSeconds: 30 } },
      },
    },
  },
};

const MOMENTS = [
  ["createdAt", "created"],
  ["scheduledAt", "scheduled"],
  ["imageAt", "image there"],
  ["listeningAt", "listening"],
  ["readyAt", "ready"],
  ["endpointAt", "known to callers"],
  ["deletedAt", "deleted"],
  ["goneAt", "gone"],
] as const satisfies readonly (readonly [keyof Pod, string])[];

/** Decisions and the lives of the pods that were not there from the start, in order of time. */
function eventLog(model: Model): string {
  const lines: { readonly time: number; readonly text: string }[] = [];
  for (const { time, controller, subject, reason, message, from, to } of model.cluster.events) {
    const change = from === null ? "" : ` ${from} → ${to}`;
    lines.push({ time, text: `${controller}: ${subject}${change}: ${reason} (${message})` });
  }
  for (const pod of model.cluster.pods) {
    const name = `pod ${pod.ordinal} of revision ${pod.revision}`;
    for (const [moment, what] of MOMENTS) {
      const time = pod[moment];
      if (time !== null && time > 0) lines.push({ time, text: `${name} is ${what}` });
    }
  }
  lines.sort((a, b) => a.time - b.time);
  const stamp = (time: number): string => ((time - model.scenario.warmUp) / 1e6).toFixed(3);
  return lines.map(({ time, text }) => `${stamp(time).padStart(8)} ${text}\n`).join("");
}

describe("the story of a run", () => {
  it("is the one that was reviewed", async () => {
    await expect(eventLog(ran(written))).toMatchFileSnapshot("./eventLog.txt");
  });
});
