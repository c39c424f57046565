import { describe, expect, it } from "vitest";
import type { Json } from "../../../sim/kernel/json.ts";
import { seconds } from "../../../sim/kernel/time.ts";
import type { AutoscalerObservation, AutoscalerPolicy } from "../../../sim/policy/autoscaler.ts";
import { noDraw, observe, uniform } from "./observation.ts";

/**
 * What every autoscaler has to keep, ours and a user's own. The sample configuration must be valid
 * and must want between 1 and 50 replicas.
 */
export function testAutoscaler<Config, State extends Json>(
  policy: AutoscalerPolicy<Config, State>,
  sampleConfig: Config,
): void {
  describe(`${policy.name} keeps the contract of autoscalers`, () => {
    it("accepts the sample configuration, and leaves it alone", () => {
      const before = structuredClone(sampleConfig);
      expect(policy.validate(sampleConfig)).toEqual([]);
      policy.init(sampleConfig);
      expect(sampleConfig).toEqual(before);
    });

    it.each([{ bad: null }, { bad: 3 }, { bad: "hpa" }, { bad: [] }, { bad: { nonsense: true } }])(
      "explains why $bad is no configuration",
      ({ bad }) => {
        const problems = policy.validate(bad);
        expect(problems.length).toBeGreaterThan(0);
        for (const { expected, received } of problems) {
          expect(expected).not.toBe("");
          expect(received).not.toBe("");
        }
      },
    );

    it("has a sync period", () => {
      expect(policy.syncPeriod(policy.init(sampleConfig))).toBeGreaterThan(0);
    });

    it("holds without metrics, once within its bounds", () => {
      let state = policy.init(sampleConfig);
      let replicas = 3;
      const kinds: string[] = [];
      for (let tick = 1; tick <= 5; tick += 1) {
        const silent = { ...observe([]), resourceMetrics: null };
        const seen = { ...silent, specReplicas: replicas, statusReplicas: replicas };
        const { state: next, decision } = policy.step(state, seen, seconds(tick * 15), noDraw);
        if (decision.kind === "scale") replicas = decision.replicas;
        kinds.push(decision.kind);
        state = next;
      }
      expect(kinds.slice(1)).toEqual(["hold", "hold", "hold", "hold"]);
    });

    it("decides the same on the same observations, each decision with a reason", () => {
      const first = decisions(policy, sampleConfig);
      expect(decisions(policy, sampleConfig)).toEqual(first);
      for (const { reason } of first) expect(reason).toMatch(/^[A-Z][A-Za-z]+$/);
    });

    it("goes on the same after its state went through JSON", () => {
      const stored = (state: State): State => JSON.parse(JSON.stringify(state));
      expect(decisions(policy, sampleConfig, stored)).toEqual(decisions(policy, sampleConfig));
    });

    it("does not change the state it is given", () => {
      decisions(policy, sampleConfig, deepFreeze);
    });

    it("shares nothing between instances", () => {
      const alone = decisions(policy, sampleConfig);
      let other = policy.init(sampleConfig);
      const disturbed = decisions(policy, sampleConfig, (state) => {
        other = policy.step(other, observe(uniform(9, 5)), seconds(7), noDraw).state;
        return state;
      });
      expect(disturbed).toEqual(alone);
    });
  });
}

/** Forty ticks under a load that rises and falls, in a closed loop. */
function decisions<Config, State extends Json>(
  policy: AutoscalerPolicy<Config, State>,
  config: Config,
  between: (state: State) => State = (state) => state,
) {
  let state = policy.init(config);
  let replicas = 3;
  return Array.from({ length: 40 }, (_, tick) => {
    const load = 200 + 150 * Math.min(tick, 40 - tick);
    const now = seconds(15 * (tick + 1));
    const seen: AutoscalerObservation = observe(uniform(replicas, Math.floor(load / replicas)));
    const { state: next, decision } = policy.step(between(state), seen, now, noDraw);
    state = next;
    if (decision.kind === "scale") replicas = decision.replicas;
    return decision;
  });
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value === "object" && value !== null) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
