import { describe, expect, it } from "vitest";
import { seconds } from "../../sim/kernel/time.ts";
import type { Model } from "../../sim/scenario/build/model.ts";
import { outcomeOf } from "../support/observe.ts";
import { ran, type ScenarioText, throughText } from "../support/scenarios.ts";

/**
 * A canary of 20 % in one long pause, whose background analysis measures every 15 s; the new
 * version is healthy for 30 minutes and then fails three requests in ten.
 */
const release = (binding: unknown): ScenarioText => ({
  duration: "45m",
  services: {
    shop: {
      replicas: 5,
      startup: "2s",
      revisions: { v1: {}, v2: {} },
      endpoints: { get: [{ wait: "10ms" }] },
    },
  },
  traffic: { users: { rate: "50/s", call: "shop" } },
  faults: [{ errors: "30%", service: "shop", revision: "v2", at: "30m", for: "15m" }],
  policies: {
    set: {
      rollouts: {
        shop: {
          revision: "v2",
          "argo-canary": {
            strategy: {
              canary: {
                trafficRouting: {},
                steps: [{ setWeight: 20 }, { pause: { duration: "1h" } }],
                analysis: { templates: [{ templateName: "errors" }], startingStep: 1 },
              },
            },
            analysisTemplates: [
              {
                metadata: { name: "errors" },
                spec: {
                  metrics: [
                    {
                      name: "error-rate",
                      initialDelay: "1m",
                      interval: "15s",
                      successCondition: "result[0] < 0.05",
                      failureLimit: 2,
                      provider: { prometheus: { query: "errors / requests" } },
                    },
                  ],
                },
              },
            ],
            bindings: { "error-rate": binding },
          },
        },
      },
    },
  },
});

const secondsAfterTheFault = (model: Model): number => outcomeOf(model).endSeconds! - 1800;

describe("errors after thirty healthy minutes", () => {
  it("are seen within the window of a query, a minute if it says nothing", () => {
    const model = ran(release("canary-error-rate"));
    expect(outcomeOf(model)).toMatchObject({
      outcome: "rolled-back",
      reason: "analysis: error-rate Failed",
    });
    // 30 % of a sixth of the minute are 5 %: three measurements fail soon after.
    expect(secondsAfterTheFault(model)).toBeGreaterThan(40);
    expect(secondsAfterTheFault(model)).toBeLessThan(70);
  });

  it("take longer over a longer window", () => {
    const model = ran(release({ metric: "canary-error-rate", window: "5m" }));
    expect(secondsAfterTheFault(model)).toBeGreaterThan(75);
    expect(secondsAfterTheFault(model)).toBeLessThan(110);
  });

  it("drown among all requests since the weight changed", () => {
    const model = ran(release({ metric: "canary-error-rate", window: "step" }));
    expect(secondsAfterTheFault(model)).toBeGreaterThan(330);
  });

  it("are seen the same way after a snapshot", () => {
    const written = release("canary-error-rate");
    const second = throughText(written, seconds(1815));
    const whole = ran(written);
    expect(second.simulation.digest.hex()).toBe(whole.simulation.digest.hex());
    expect(outcomeOf(second)).toEqual(outcomeOf(whole));
  });
});
