import { describe, expect, it } from "vitest";
import { loadScenario } from "../../sim/scenario/load.ts";
import { outcomeOf } from "../support/observe.ts";
import { modelOf, ran, type ScenarioText } from "../support/scenarios.ts";

/** A blue-green rollout at 60 s that is judged by the requests of those who try the preview. */
const release = (errors: string, traffic: ScenarioText): ScenarioText => ({
  duration: "240s",
  services: {
    shop: {
      replicas: 2,
      startup: "2s",
      revisions: { v1: {}, v2: { errors } },
      endpoints: { get: [{ wait: "10ms" }] },
    },
  },
  traffic: { shoppers: { rate: "50/s", call: "shop" }, ...traffic },
  policies: {
    set: {
      rollouts: {
        shop: {
          revision: "v2",
          at: "60s",
          "blue-green": {
            strategy: {
              blueGreen: { prePromotionAnalysis: { templates: [{ templateName: "errors" }] } },
            },
            analysisTemplates: [
              {
                metadata: { name: "errors" },
                spec: {
                  metrics: [
                    {
                      name: "error-rate",
                      initialDelay: "30s",
                      successCondition: "result[0] < 0.05",
                      provider: { prometheus: { query: "errors / requests" } },
                    },
                  ],
                },
              },
            ],
            bindings: { "error-rate": "canary-error-rate" },
          },
        },
      },
    },
  },
});

const TESTERS = { testers: { rate: "20/s", call: "shop", revision: "v2" } };

describe("traffic that asks for the preview", () => {
  it("lets the analysis before the promotion tell a bad revision from a good one", () => {
    expect(outcomeOf(ran(release("0%", TESTERS)))).toMatchObject({ outcome: "promoted" });
    expect(outcomeOf(ran(release("20%", TESTERS)))).toMatchObject({
      outcome: "rolled-back",
      reason: "analysis: error-rate Failed",
    });
  });

  it("goes where all other traffic goes until there is a preview", () => {
    const model = modelOf(release("0%", TESTERS));
    model.run(model.scenario.policy.rollouts[0]!.start);
    const { stable, canary } = model.cluster.observeRollout("shop", "v2");
    expect(canary.requests).toBe(0);
    // 70 a second for a minute.
    expect(Math.abs(stable.requests - 4200)).toBeLessThan(5 * Math.sqrt(4200));
    model.run();
    expect(model.recorder.failuresByReason.every((count) => count === 0)).toBe(true);
  });

  it("takes the steps of journeys, too", () => {
    const steps = [{ call: "shop" }, { call: "shop", revision: "v2" }];
    const journeys = [{ name: "try", steps }];
    const outcome = outcomeOf(ran(release("20%", { testers: { rate: "20/s", journeys } })));
    expect(outcome.outcome).toBe("rolled-back");
  });

  it("hurts nobody: testers are there to meet what fails", () => {
    const population = { users: 1000 };
    const shoppers = { rate: "50/s", call: "shop", population };
    const testers = { ...TESTERS.testers, population };
    const outcome = outcomeOf(ran(release("20%", { shoppers, testers })));
    expect(outcome.usersHurt).toBe(0);
  });

  it("is asked for where an analysis would have nothing to judge", () => {
    const text = JSON.stringify({
      peakday: 1,
      name: "test",
      objective: { p95: "1s" },
      ...release("0%", {}),
    });
    const { problems } = loadScenario({ file: "test.yaml", text, readFile: () => null });
    expect(problems.map(({ message, hint }) => [message, hint])).toEqual([
      [
        "no traffic tries the preview of v2 that this analysis judges",
        "add traffic like {call: shop, revision: v2}",
      ],
    ]);
  });
});
