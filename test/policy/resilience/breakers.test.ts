import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { present } from "../../../sim/kernel/assert.ts";
import type { Json } from "../../../sim/kernel/json.ts";
import { type Micros, micros } from "../../../sim/kernel/time.ts";
import type {
  Admission,
  AdmissionRequest,
  BreakerPhase,
  CircuitBreaker,
} from "../../../sim/policy/resilience/admission.ts";
import { circuitBreakers } from "../../../sim/policy/resilience/index.ts";

const REQUEST: AdmissionRequest = { key: "", cost: 1, priority: 0, draw: 0 };

/** One thing that happens `gapMillis` after the one before: a call begins, or the oldest ends. */
interface Happening {
  readonly gapMillis: number;
  readonly what: "begin" | "success" | "failure" | "ignored";
}

const happenings: fc.Arbitrary<readonly Happening[]> = fc.array(
  fc.record({
    gapMillis: fc.oneof(fc.nat(40), fc.nat(2_000)),
    what: fc.oneof(
      { weight: 4, arbitrary: fc.constant<Happening["what"]>("begin") },
      { weight: 3, arbitrary: fc.constantFrom<Happening["what"]>("failure", "success") },
      { weight: 1, arbitrary: fc.constant<Happening["what"]>("ignored") },
    ),
  }),
  { minLength: 20, maxLength: 120 },
);

/** What a breaker did with one happening, or when a timer was due. */
interface Seen {
  readonly now: Micros;
  readonly what: Happening["what"] | "timer";
  readonly before: BreakerPhase;
  readonly after: BreakerPhase;
  /** Null when no call asked. */
  readonly admission: Admission | null;
}

function play(
  breaker: CircuitBreaker,
  {
    config,
    list,
    between = (state) => state,
    runsTimers = true,
  }: {
    readonly config: unknown;
    readonly list: readonly Happening[];
    readonly between?: (state: Json) => Json;
    readonly runsTimers?: boolean;
  },
): readonly Seen[] {
  let now = micros(0);
  let state = breaker.init(config, now);
  const pending: { readonly admission: Admission; readonly begin: Micros }[] = [];
  return list.flatMap(({ gapMillis, what }) => {
    now = micros(now + gapMillis * 1_000);
    // Timers of an instant come after its results and before its requests.
    const until = what === "begin" ? now : now - 1;
    const timers = runsTimers ? runTimers(breaker, state, until) : [];
    state = between(state);
    const before = breaker.phase(state);
    let admission: Admission | null = null;
    if (what === "begin") {
      admission = breaker.tryAcquire(state, REQUEST, now);
      if (admission.permitted) pending.push({ admission, begin: now });
    } else {
      const call = pending.shift();
      if (call === undefined) return timers;
      const duration = micros(now - call.begin);
      const { ticket } = call.admission;
      breaker.onResult(state, { outcome: what, duration, ticket }, now);
    }
    return [...timers, { now, what, before, after: breaker.phase(state), admission }];
  });
}

function runTimers(breaker: CircuitBreaker, state: Json, until: number): readonly Seen[] {
  const seen: Seen[] = [];
  for (let due = breaker.nextTimer(state); due !== null && due <= until; ) {
    const before = breaker.phase(state);
    breaker.onTimer(state, due);
    const after = breaker.phase(state);
    seen.push({ now: due, what: "timer", before, after, admission: null });
    due = breaker.nextTimer(state);
  }
  return seen;
}

const whole = (min: number, max: number) => fc.integer({ min, max });

/**
 * What a configuration promises: for how long an open breaker lets nothing through, and how many
 * calls a half-open one permits, those not counted whose result is ignored.
 */
interface Promised {
  readonly config: unknown;
  readonly waitMillis: number;
  readonly permits: number;
}

const configs: Readonly<Record<string, fc.Arbitrary<Promised>>> = {
  threshold: fc
    .record({
      failureThreshold: whole(1, 4),
      monitoringPeriodSeconds: whole(1, 5),
      resetTimeoutSeconds: whole(0, 3),
      halfOpenSuccesses: whole(1, 3),
      successResetsFailures: fc.boolean(),
      reopensOn: fc.constantFrom("any-failure", "failures-in-a-row"),
    })
    .map((config) => ({
      config,
      waitMillis: config.resetTimeoutSeconds * 1_000,
      permits: Number.POSITIVE_INFINITY,
    })),
  opossum: fc
    .record(
      {
        errorThresholdPercentage: fc.constantFrom(0, 33.3, 50, 100),
        resetTimeoutMs: fc.constantFrom(0, 50, 1_000),
        rollingCountTimeoutMs: fc.constantFrom(100, 1_000, 5_000),
        rollingCountBuckets: whole(1, 7),
        volumeThreshold: whole(0, 5),
        allowWarmUp: fc.boolean(),
        capacity: whole(1, 5),
      },
      { requiredKeys: [] },
    )
    .map((config) => ({ config, waitMillis: config.resetTimeoutMs ?? 30_000, permits: 1 })),
  resilience4j: fc
    .record({
      slidingWindowType: fc.constantFrom("COUNT_BASED", "TIME_BASED"),
      slidingWindowSize: whole(1, 6),
      minimumNumberOfCalls: whole(1, 6),
      failureRateThreshold: fc.constantFrom(20, 33.3, 50, 100),
      slowCallRateThreshold: fc.constantFrom(50, 100),
      slowCallDurationThresholdMs: fc.constantFrom(10, 60_000),
      permittedNumberOfCallsInHalfOpenState: whole(1, 4),
      waitDurationInOpenStateMs: fc.constantFrom(0, 50, 1_000),
      automaticTransitionFromOpenToHalfOpenEnabled: fc.boolean(),
      maxWaitDurationInHalfOpenStateMs: fc.constantFrom(0, 30, 500),
    })
    .map((config) => ({
      config,
      waitMillis: config.waitDurationInOpenStateMs,
      permits: config.permittedNumberOfCallsInHalfOpenState,
    })),
};

describe.each(Object.entries(circuitBreakers))("the breaker %s", (name, breaker) => {
  const promises = present(configs[name], `configurations of ${name}`);

  it("has the name that it is listed under, and needs no configuration", () => {
    expect(breaker.name).toBe(name);
    expect(breaker.validate({})).toEqual([]);
    expect(breaker.validate({ tea: 1 })).toHaveLength(1);
    expect(breaker.phase(breaker.init({}, micros(0)))).toBe("CLOSED");
  });

  it("decides the same after its state has been through JSON", () => {
    fc.assert(
      fc.property(promises, happenings, ({ config }, list) => {
        expect(breaker.validate(config)).toEqual([]);
        const between = (state: Json): Json => JSON.parse(JSON.stringify(state));
        const copied = play(breaker, { config, list, between });
        expect(copied).toEqual(play(breaker, { config, list }));
      }),
      { numRuns: 60 },
    );
  });

  it("decides the same when nobody runs its timers", () => {
    fc.assert(
      fc.property(promises, happenings, ({ config }, list) => {
        const decisions = (runsTimers: boolean) =>
          play(breaker, { config, list, runsTimers })
            .filter(({ what }) => what !== "timer")
            .map(({ admission }) => admission);
        expect(decisions(false)).toEqual(decisions(true));
      }),
      { numRuns: 60 },
    );
  });

  it("refuses in no other phase than open and half-open, but for its capacity", () => {
    fc.assert(
      fc.property(promises, happenings, ({ config }, list) => {
        for (const { before, admission } of play(breaker, { config, list })) {
          if (before !== "CLOSED" || admission === null) continue;
          expect(["Permitted", "SemaphoreLocked"]).toContain(admission.reason);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("lets nothing through while it is open, which lasts as long as its wait", () => {
    fc.assert(
      fc.property(promises, happenings, ({ config, waitMillis }, list) => {
        let openedAt = 0;
        for (const { now, before, after, admission } of play(breaker, { config, list })) {
          expect(admission?.permitted === true && after === "OPEN").toBe(false);
          if (before === "OPEN" && after !== "OPEN") {
            expect(now).toBeGreaterThanOrEqual(openedAt + waitMillis * 1_000);
          }
          if (before !== "OPEN" && after === "OPEN") openedAt = now;
        }
      }),
      { numRuns: 100 },
    );
  });

  it("lets through no more than its permits while it is half-open", () => {
    fc.assert(
      fc.property(promises, happenings, ({ config, permits }, list) => {
        let permitted = 0;
        for (const { what, before, after, admission } of play(breaker, { config, list })) {
          if (before !== "HALF_OPEN") permitted = 0;
          if (after !== "HALF_OPEN") continue;
          if (admission?.permitted === true) permitted++;
          if (what === "ignored" && before === "HALF_OPEN") permitted--;
          expect(permitted).toBeLessThanOrEqual(permits);
        }
      }),
      { numRuns: 100 },
    );
  });
});
