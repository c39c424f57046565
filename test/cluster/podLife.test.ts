import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { podPhase } from "../../sim/cluster/kubeletStatus.ts";
import { exists, type Pod } from "../../sim/cluster/pod.ts";
import { micros } from "../../sim/kernel/time.ts";
import type { Model, ModelSnapshot } from "../../sim/scenario/build/model.ts";
import { modelOf, type ScenarioText } from "../support/scenarios.ts";

const LAG_SECONDS = 2;
const SLICE = 100_000;
const PHASES = ["Pending", "Running", "Succeeded", "Failed"];

const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });

const probe = optional(
  fc.record({
    initialDelaySeconds: fc.integer({ min: 0, max: 8 }),
    periodSeconds: fc.integer({ min: 1, max: 6 }),
    timeoutSeconds: fc.integer({ min: 1, max: 3 }),
    failureThreshold: fc.integer({ min: 1, max: 3 }),
  }),
);

const fault = fc
  .record({
    at: fc.integer({ min: 0, max: 100 }),
    effect: fc.constantFrom<ScenarioText>(
      { kill: true },
      { crash: true },
      { slow: 20, for: "10s" },
      { errors: 1, for: "10s" },
    ),
    replicas: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ at, effect, replicas }) => ({ at: `${at}s`, service: "shop", replicas, ...effect }));

const world: fc.Arbitrary<ScenarioText> = fc
  .record({
    seed: fc.nat(1000),
    replicas: fc.integer({ min: 1, max: 4 }),
    startupProbe: optional(fc.constant({ periodSeconds: 2, failureThreshold: 4 })),
    readinessProbe: probe,
    livenessProbe: probe,
    startup: fc.constantFrom<unknown>("0s", "6s", { time: "3s", cpu: "500m" }),
    preStop: fc.constantFrom("0s", "1s", "5s"),
    onSigterm: fc.constantFrom("serve", "refuse"),
    terminationGracePeriodSeconds: fc.constantFrom(0, 1, 4, 30),
    initContainers: optional(fc.constant("1s")),
    faults: fc.array(fault, { maxLength: 6 }),
    probeTicks: fc.constantFrom("container", "pod"),
    rate: fc.integer({ min: 5, max: 60 }),
    scaled: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 3, maxLength: 3 }),
  })
  .map(({ seed, faults, probeTicks, rate, scaled, ...shop }) => ({
    seed,
    duration: "120s",
    services: {
      shop: {
        ...shop,
        concurrency: 4,
        resources: { requests: { cpu: "500m" }, limits: { cpu: 1 } },
        endpoints: { get: [{ work: { exponential: "40ms" } }] },
      },
    },
    cluster: { scheduling: "1s", endpointLag: `${LAG_SECONDS}s`, kubelet: { probeTicks } },
    traffic: { users: { rate: `${rate}/s`, call: "shop", timeout: "5s" } },
    faults,
    policies: {
      set: {
        autoscalers: {
          shop: {
            scheduled: {
              maxReplicas: 9,
              schedule: scaled.map((n, i) => ({
                at: `${20 + 30 * i}s`,
                minReplicas: n,
                maxReplicas: n,
              })),
            },
          },
        },
      },
    },
  }));

interface Seen {
  readonly phase: number;
  readonly requests: number;
  readonly known: boolean;
  readonly ready: boolean;
  readonly restarts: number;
}

const UNSEEN: Seen = { phase: 0, requests: 0, known: false, ready: false, restarts: 0 };

/** The rules that were broken between one look at a pod and the next. */
function brokenRules(
  model: Model,
  pod: Pod,
  before: Seen,
  probed: ReadonlySet<number>,
): readonly string[] {
  const { now } = model.simulation;
  const after = look(model, pod);
  const left = pod.deletedAt ?? (pod.ready ? now : pod.readyChangedAt!);
  const { readinessProbe } = model.cluster.workloads[0]!.spec;
  const hasDied = (pod.lastTermination?.finishedAt ?? -1) > now - SLICE;
  const isFlip = pod.ready !== before.ready && exists(pod) && readinessProbe !== null && !hasDied;
  const rules: readonly (readonly [string, boolean])[] = [
    ["phases do not come back", after.phase >= before.phase],
    ["requests go to endpoints", after.requests <= before.requests || pod.known || before.known],
    ["callers forget it in time", !pod.known || now - left <= LAG_SECONDS * 1e6],
    ["the probe said so", !isFlip || pod.readinessProbe.lastResult === pod.ready],
    ["the replica was asked", !isFlip || !pod.ready || probed.has(pod.number)],
    ["restarts are counted", pod.restarts >= before.restarts],
    ["the dead are not ready", !pod.ready || (pod.container !== null && exists(pod))],
  ];
  return rules.flatMap(([rule, holds]) => (holds ? [] : [`pod ${pod.number} at ${now}: ${rule}`]));
}

function look(model: Model, pod: Pod): Seen {
  return {
    phase: PHASES.indexOf(podPhase(pod)),
    requests: pod.listeningAt === null ? 0 : model.plane.usage(pod.number).requests,
    known: pod.known,
    ready: pod.ready,
    restarts: pod.restarts,
  };
}

/** Restarts of a pod that have a cause in the list of events, or among the faults. */
function causes(model: Model, pod: Pod): number {
  const name = `shop-v1-${pod.ordinal}`;
  const events = model.cluster.events.filter(({ subject }) => subject === name);
  let count = 0;
  let isKilled = false;
  for (const { reason, time } of events) {
    if (reason === "Killing") isKilled = true;
    if (reason === "Killing" || reason === "BackOff") continue;
    const crashed = model.scenario.faults.some(
      ({ effect, start }) => effect.kind === "crash" && start === time,
    );
    expect(isKilled || crashed || reason === "OOMKilled", `${name} died of ${reason}`).toBe(true);
    isKilled = false;
    count++;
  }
  return count;
}

describe("the life of a pod", () => {
  it("keeps its rules, whatever its probes, its hooks and its faults", () => {
    const totals = { restarts: 0, flips: 0, gone: 0 };
    const property = fc.property(world, (written) => {
      const model = modelOf(written);
      const probed = new Set<number>();
      const { sendProbe } = model.plane;
      model.plane.sendProbe = (replica, token, timeout) => {
        probed.add(replica);
        sendProbe.call(model.plane, replica, token, timeout);
      };
      const seen = new Map<number, Seen>();
      const broken: string[] = [];
      while (model.simulation.now < model.end) {
        model.run(micros(model.simulation.now + SLICE));
        for (const pod of model.cluster.pods) {
          const before = seen.get(pod.number) ?? { ...UNSEEN, known: pod.known, ready: pod.ready };
          broken.push(...brokenRules(model, pod, before, probed));
          if (pod.ready !== before.ready) totals.flips++;
          seen.set(pod.number, look(model, pod));
        }
      }
      expect(broken).toEqual([]);
      for (const pod of model.cluster.pods) {
        const count = causes(model, pod);
        // The last death may still wait for its restart.
        expect(count === pod.restarts || count === pod.restarts + 1).toBe(true);
        totals.restarts += pod.restarts;
        if (!exists(pod)) totals.gone++;
      }
    });
    fc.assert(property, { seed: 12, numRuns: 15 });
    // It has seen something.
    expect(totals.restarts).toBeGreaterThan(20);
    expect(totals.flips).toBeGreaterThan(40);
    expect(totals.gone).toBeGreaterThan(15);
  });

  it("goes on from a snapshot as it would have gone on", () => {
    const moments = fc.integer({ min: 0, max: 119_000 });
    const property = fc.property(world, moments, (written, millis) => {
      const whole = modelOf(written);
      whole.run();
      const before = modelOf(written);
      before.run(micros(millis * 1000));
      const text = JSON.stringify(before.snapshot());
      const after = modelOf(written);
      after.restore(JSON.parse(text) as ModelSnapshot); // what was just written
      after.run();
      expect(after.cluster.pods).toEqual(whole.cluster.pods);
      expect(after.cluster.events).toEqual(whole.cluster.events);
      expect(after.simulation.digest.hex()).toBe(whole.simulation.digest.hex());
    });
    fc.assert(property, { seed: 13, numRuns: 15 });
  });
});
