import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { argoCanary } from "../../../../sim/policy/rollouts/argo/argoCanary.ts";
import { errorRateTemplate, RolloutWorld } from "./rolloutWorld.ts";

const ROUTER = { trafficRouting: { istio: { virtualService: { name: "shop" } } } };
const ANALYSIS = { templates: [{ templateName: "errors" }] };

function world(
  canary: object,
  { replicas = 10, ...others }: { replicas?: number; [field: string]: unknown } = {},
) {
  return new RolloutWorld(argoCanary, { strategy: { canary }, ...others }, { replicas });
}

const steps = (...list: (number | string | object)[]) => ({
  steps: list.map((step) => {
    if (typeof step === "number") return { setWeight: step };
    return typeof step === "string" ? { pause: { duration: step } } : step;
  }),
});

describe("with a router", () => {
  it("scales, shifts, pauses; at the end the old replicas linger", () => {
    const rollout = world({ ...ROUTER, ...steps(20, "10s", 50, { pause: { duration: 5 } }) });
    rollout.playTo(100);
    expect(rollout.path).toEqual([
      "0: 2+10 0%",
      "2: 2+10 20%",
      "12: 5+10 20%",
      "14: 5+10 50%",
      "19: 10+10 50%",
      "21: 10+10 100%",
    ]);
    expect(rollout.end).toBe("promote at 51: Completed all 4 canary steps");
    expect(rollout.resets).toBe(2);
  });

  it("gives up stable replicas once their traffic has gone, if told to", () => {
    const rollout = world({ ...ROUTER, dynamicStableScale: true, ...steps(20, "10s", 50) });
    rollout.playTo(100);
    expect(rollout.path).toEqual([
      "0: 2+10 0%",
      "2: 2+10 20%",
      "3: 2+8 20%",
      "12: 5+8 20%",
      "14: 10+8 50%",
      "15: 10+5 50%",
    ]);
    expect(rollout.end).toBe("promote at 16: Completed all 3 canary steps");
  });

  it("setCanaryScale holds until the traffic's weight is to be matched again", () => {
    const scale = { setCanaryScale: { replicas: 1 } };
    const match = { setCanaryScale: { matchTrafficWeight: true } };
    const rollout = world({ ...ROUTER, ...steps(scale, 20, "5s", match, "5s") });
    rollout.playTo(100);
    expect(rollout.path.slice(0, 4)).toEqual([
      "0: 1+10 0%",
      "2: 1+10 20%",
      "7: 2+10 20%",
      "14: 10+10 20%",
    ]);
  });

  it("waits at a pause without duration, and follows the autoscaler meanwhile", () => {
    const rollout = world({ ...ROUTER, ...steps(50, { pause: {} }) });
    rollout.playTo(20);
    rollout.replicas = 20;
    rollout.playTo(10_000);
    expect(rollout.path.slice(-1)).toEqual(["21: 10+20 50%"]);
    expect(rollout.last.decision).toEqual({ kind: "hold", reason: "CanaryPauseStep" });
    const operator = { promoteAfterSeconds: 60 };
    const helped = world({ ...ROUTER, ...steps(50, { pause: {} }) }, { operator });
    helped.playTo(1000);
    expect(helped.end).toBe("promote at 94: Completed all 2 canary steps");
  });

  it("never gives traffic to a canary that does not come up", () => {
    const rollout = world({ ...ROUTER, ...steps(20, "1s", 50) });
    rollout.canaryFails = true;
    rollout.playTo(500);
    expect(rollout.path).toEqual(["0: 2+10 0%"]);
  });

  it("an operator may skip the rest", () => {
    const operator = { promoteFullAtSeconds: 5 };
    const rollout = world({ ...ROUTER, ...steps(20, { pause: {} }, 50) }, { operator });
    rollout.playTo(100);
    expect(rollout.path.slice(1)).toEqual(["2: 2+10 20%", "5: 10+10 20%", "7: 10+10 100%"]);
    expect(rollout.end).toBe("promote at 37: PromotedInFull");
  });
});

describe("without a router", () => {
  it("shifts traffic by shifting replicas, within surge and availability", () => {
    const rollout = world({ maxSurge: 1, maxUnavailable: 0, ...steps(20, "5s", 40) });
    rollout.playTo(200);
    expect(rollout.path.slice(0, 5)).toEqual([
      "0: 1+10 0%",
      "2: 1+9 9.1%",
      "3: 2+9 10%",
      "5: 2+8 18.2%",
      "6: 2+8 20%",
    ]);
    expect(rollout.end).toMatch(/^promote at \d+: Completed all 3 canary steps$/);
    const available = rollout.moments.map(({ canary, stable }) => canary + stable);
    expect([Math.min(...available), Math.max(...available)]).toEqual([10, 11]);
  });

  it("goes back the same way", () => {
    const rollout = world(steps(50, { pause: {} }), { operator: { abortAtSeconds: 30 } });
    rollout.playTo(200);
    expect(rollout.end).toMatch(/^rollback at \d+: AbortedByOperator$/);
    expect(rollout.moments.at(-2)).toMatchObject({ canary: 0, stable: 10, share: 0 });
  });
});

describe("abort", () => {
  const operator = { abortAtSeconds: 20 };

  it("moves traffic back at once; the canary lives on for its delay", () => {
    const rollout = world({ ...ROUTER, ...steps(50, { pause: {} }) }, { operator });
    rollout.playTo(100);
    expect(rollout.path.slice(-1)).toEqual(["20: 5+10 0%"]);
    expect(rollout.end).toBe("rollback at 50: AbortedByOperator");
  });

  it("keeps the canary with a delay of 0", () => {
    const kept = { ...ROUTER, abortScaleDownDelaySeconds: 0, ...steps(50, { pause: {} }) };
    const rollout = world(kept, { operator });
    rollout.playTo(500);
    expect(rollout.path.slice(-1)).toEqual(["20: 5+10 0%"]);
    expect(rollout.isOver).toBe(false);
  });

  it("waits for stable replicas where those were given up", () => {
    const canary = { ...ROUTER, dynamicStableScale: true, ...steps(20, 80, { pause: {} }) };
    const rollout = world(canary, { operator });
    rollout.playTo(100);
    expect(rollout.path.slice(-6)).toEqual([
      "5: 8+2 80%",
      "20: 8+8 80%",
      "22: 8+8 20%",
      "23: 2+8 20%",
      "24: 2+10 20%",
      "26: 2+10 0%",
    ]);
    expect(rollout.end).toBe("rollback at 27: AbortedByOperator");
  });
});

describe("analysis", () => {
  const stepwise = { ...ROUTER, ...steps(20, { analysis: ANALYSIS }, 60) };

  it("a step waits for its analysis, which asks the canary's own counters", () => {
    const rollout = world(stepwise, errorRateTemplate());
    rollout.playTo(200);
    expect(rollout.path.slice(1, 3)).toEqual(["2: 2+10 20%", "23: 6+10 20%"]);
    expect(rollout.end).toBe("promote at 57: Completed all 3 canary steps");
  });

  it("a failed one aborts", () => {
    const rollout = world(stepwise, errorRateTemplate());
    rollout.canaryTraffic = { requests: 1000, failures: 51 };
    rollout.playTo(200);
    expect(rollout.path.slice(1)).toEqual(["2: 2+10 20%", "3: 2+10 0%"]);
    expect(rollout.end).toBe("rollback at 33: analysis: error-rate Failed");
  });

  it("a query without data fails five times, ten seconds apart", () => {
    const rollout = world(stepwise, errorRateTemplate());
    rollout.canaryTraffic = {};
    rollout.playTo(200);
    expect(rollout.end).toBe("rollback at 73: analysis: error-rate Error");
  });

  it("an argument of the rollout goes before the template's own", () => {
    const lenient = { ...ANALYSIS, args: [{ name: "limit", value: "0.1" }] };
    const rollout = world({ ...ROUTER, ...steps(20, { analysis: lenient }) }, errorRateTemplate());
    rollout.canaryTraffic = { requests: 1000, failures: 51 };
    rollout.playTo(200);
    expect(rollout.last.decision.kind).toBe("promote");
  });

  it("an inconclusive one waits for a person, then is asked again", () => {
    const template = errorRateTemplate({ failureCondition: "result[0] > 0.2", count: 1 });
    const rollout = world(stepwise, { ...template, operator: { promoteAfterSeconds: 60 } });
    rollout.canaryTraffic = { requests: 1000, failures: 100 };
    rollout.playTo(30);
    expect(rollout.last.decision).toEqual({ kind: "hold", reason: "InconclusiveAnalysis" });
    rollout.canaryTraffic = { requests: 1000, failures: 0 };
    rollout.playTo(62);
    expect(rollout.last.share).toBe(20);
    rollout.playTo(200);
    expect(rollout.end).toBe("promote at 97: Completed all 3 canary steps");
  });

  it("one in the background begins at its step, and aborts whenever it fails", () => {
    const background = { ...ANALYSIS, startingStep: 2 };
    const canary = { ...ROUTER, analysis: background, ...steps(20, "30s", 60, "60s") };
    const rollout = world(canary, errorRateTemplate({ count: undefined }));
    rollout.canaryTraffic = { requests: 1000, failures: 900 };
    rollout.playTo(31);
    expect(rollout.last.share).toBe(20);
    rollout.playTo(200);
    expect(rollout.path.slice(-2)).toEqual(["32: 6+10 20%", "33: 6+10 0%"]);
    expect(rollout.end).toBe("rollback at 63: analysis: error-rate Failed");
  });

  it("one in the background that goes on for ever ends with the promotion", () => {
    const canary = { ...ROUTER, analysis: ANALYSIS, ...steps(20, "30s") };
    const rollout = world(canary, errorRateTemplate({ count: undefined }));
    rollout.playTo(200);
    expect(rollout.end).toBe("promote at 64: Completed all 2 canary steps");
  });

  it.each([
    { metric: "canary-p95-ms", condition: "result[0] < 0.2", factor: 0.001 },
    { metric: "p95-ratio", condition: "result[0] <= 1.5" },
    { metric: "error-rate-ratio", condition: "len(result) == 1 && result[0] < 2" },
    { metric: "stable-success-rate", condition: "result == 0.999", shape: "scalar" },
  ])("$metric answers a query", ({ condition, ...binding }) => {
    const { analysisTemplates } = errorRateTemplate({ successCondition: condition, count: 1 });
    const bindings = { "errors/error-rate": binding };
    const rollout = world(stepwise, { analysisTemplates, bindings });
    rollout.canaryTraffic = { requests: 1000, failures: 1, p95Ms: 150 };
    rollout.playTo(200);
    expect(rollout.last.decision.kind).toBe("promote");
  });
});

describe("validate", () => {
  const problems = (canary: object, others: object = {}) =>
    argoCanary
      .validate({ strategy: { canary }, ...others })
      .map(({ path, expected, received }) => `${path.join(".")}: ${expected}; ${received}`);

  it.each<[string, object, object]>([
    [
      "strategy.canary.steps.0: one of setWeight, pause, setCanaryScale, analysis; []",
      steps({}),
      {},
    ],
    ["strategy.canary.steps.0.setWeight: 0 to 100; 101", steps(101), {}],
    [
      'strategy.canary.steps.0.pause.duration: seconds, or a duration like 30s, 5m or 1h; "soon"',
      steps("soon"),
      {},
    ],
    [
      "strategy.canary.steps.0.setWieght: setWeight (one of setWeight, pause, setCanaryScale, " +
        "analysis); the unknown field setWieght",
      { steps: [{ setWieght: 5 }] },
      {},
    ],
    [
      'strategy.canary.steps.0.setCanaryScale: trafficRouting beside it; {"replicas":1}',
      steps({ setCanaryScale: { replicas: 1 } }),
      {},
    ],
    [
      'strategy.canary.maxUnavailable: more than 0, since maxSurge is 0; "0%"',
      { maxSurge: 0, maxUnavailable: "0%" },
      {},
    ],
    [
      "strategy.canary.dynamicStableScale: trafficRouting beside it; true",
      { dynamicStableScale: true },
      {},
    ],
    [
      "strategy.canary.scaleDownDelaySeconds: none with dynamicStableScale; 5",
      { ...ROUTER, dynamicStableScale: true, scaleDownDelaySeconds: 5 },
      {},
    ],
    [
      "strategy.canary.analysis.startingStep: less than the number of steps (1); 1",
      { ...steps(5), analysis: { ...ANALYSIS, startingStep: 1 } },
      errorRateTemplate(),
    ],
    [
      "strategy.canary.analysis.templates.0.templateName: one of analysisTemplates (errors); " +
        "latency",
      { ...steps(5), analysis: { templates: [{ templateName: "latency" }] } },
      errorRateTemplate(),
    ],
    [
      "analysisTemplates.0.spec.metrics.0.provider: a metric or query that bindings knows: add " +
        'error-rate there; "sum(rate(errors[1m])) / sum(rate(all[1m]))"',
      { ...steps(5), analysis: ANALYSIS },
      { ...errorRateTemplate(), bindings: {} },
    ],
    [
      'bindings.error-rate.window: a time like 1m, or step; "1 minute"',
      { ...steps(5), analysis: ANALYSIS },
      {
        ...errorRateTemplate(),
        bindings: { "error-rate": { metric: "canary-error-rate", window: "1 minute" } },
      },
    ],
    [
      "analysisTemplates.0.spec.metrics.0.successCondition: a condition, but there is an " +
        'expected a value, found the end, at character 9; "result >"',
      { ...steps(5), analysis: ANALYSIS },
      errorRateTemplate({ successCondition: "result >" }),
    ],
    [
      'analysisTemplates.0.spec.metrics.0.count: arguments with a value for n; "{{args.n}}"',
      { ...steps(5), analysis: { ...ANALYSIS, args: [{ name: "n" }] } },
      errorRateTemplate({ count: "{{args.n}}" }),
    ],
    [
      'analysisTemplates.0.spec.metrics.0.interval: a duration like 30s, 5m or 1h; "often"',
      { ...steps(5), analysis: ANALYSIS },
      errorRateTemplate({ interval: "often" }),
    ],
    [
      "strategy.canary.analysis.templates: templates that Argo accepts, but metric error-rate: a " +
        "count above 1 needs an interval; errors",
      { ...steps(5), analysis: ANALYSIS },
      errorRateTemplate({ interval: undefined }),
    ],
  ])("%s", (problem, canary, others) => {
    expect(problems(canary, others)).toContain(problem);
  });

  it("takes no step it does not know, and no configuration of another kind", () => {
    expect(problems(steps({ setHeaderRoute: { name: "x" } }))).toHaveLength(1);
    expect(argoCanary.validate(null)).toHaveLength(1);
    expect(argoCanary.validate({ strategy: { blueGreen: {} } }).length).toBeGreaterThan(0);
  });
});

it("shares stay within 0 and 100 %, counts within what is wanted, whatever happens", () => {
  const step = fc.oneof(
    fc.nat(100).map((weight) => ({ setWeight: weight })),
    fc.nat(10).map((duration) => ({ pause: { duration } })),
    fc.constant({ analysis: ANALYSIS }),
  );
  const plan = fc.record({
    list: fc.array(step, { maxLength: 4 }),
    hasRouter: fc.boolean(),
    dynamic: fc.boolean(),
    replicas: fc.integer({ min: 1, max: 12 }),
    rescaled: fc.integer({ min: 1, max: 12 }),
    failures: fc.constantFrom(0, 0, 500),
    abortAtSeconds: fc.option(fc.nat(60), { nil: undefined }),
  });
  fc.assert(
    fc.property(plan, (written) => {
      const { list, hasRouter, dynamic, replicas, rescaled, abortAtSeconds, failures } = written;
      const canary = {
        steps: list,
        ...(hasRouter && ROUTER),
        ...(hasRouter && dynamic && { dynamicStableScale: true }),
      };
      const operator = abortAtSeconds === undefined ? {} : { abortAtSeconds };
      const rollout = world(canary, { replicas, operator, ...errorRateTemplate() });
      rollout.canaryTraffic = { requests: 1000, failures };
      rollout.playTo(10);
      rollout.replicas = rescaled;
      rollout.playTo(400);
      const most = Math.max(replicas, rescaled);
      for (const moment of rollout.moments) {
        expect(moment.share).toBeGreaterThanOrEqual(0);
        expect(moment.share).toBeLessThanOrEqual(100);
        expect(Math.max(moment.canary, moment.stable)).toBeLessThanOrEqual(most + 1);
        // Never fewer replicas than traffic needs: all are available after two seconds.
        if (hasRouter && !dynamic)
          expect(moment.stable).toBeGreaterThanOrEqual(Math.min(replicas, rescaled));
      }
      expect(rollout.isOver).toBe(true);
    }),
    { numRuns: 150 },
  );
});
