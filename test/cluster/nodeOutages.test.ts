import { describe, expect, it } from "vitest";
import { seconds, toSeconds } from "../../sim/kernel/time.ts";
import { toleratedFor } from "../../sim/policy/scheduling/eviction.ts";
import type { Model } from "../../sim/scenario/build/model.ts";
import { modelOf, ran, type ScenarioText } from "../support/scenarios.ts";

const shop = {
  replicas: 2,
  startup: "2s",
  endpoints: { get: [{ work: "1ms" }] },
};

/** One pod on each of two nodes, the first of which goes down at 10 s. */
const outage = (length: string, more: ScenarioText = {}): ScenarioText => ({
  duration: "600s",
  services: { shop: { ...shop, ...more } },
  cluster: {
    scheduling: "50ms",
    endpointLag: "1s",
    nodes: [
      { name: "a", cpu: 4, memory: "8Gi" },
      { name: "b", cpu: 4, memory: "8Gi" },
    ],
  },
  traffic: { users: { rate: "10/s", call: "shop" } },
  faults: [{ nodeDown: "a-1", at: "10s", for: length }],
});

const tolerating = (tolerationSeconds?: number): ScenarioText => ({
  deployment: {
    template: {
      spec: {
        containers: [{ name: "shop" }],
        tolerations: [
          { key: "node.kubernetes.io/unreachable", operator: "Exists", tolerationSeconds },
        ],
      },
    },
  },
});

const onA = ({ cluster }: Model) => cluster.pods.filter((pod) => pod.node === 0);
const timesOf = ({ cluster }: Model, reason: string): readonly number[] =>
  cluster.events.filter((event) => event.reason === reason).map(({ time }) => toSeconds(time));
const failures = ({ recorder }: Model): number =>
  recorder.failuresByReason.reduce((sum, count) => sum + count, 0);

describe("a node that goes down", () => {
  const model = ran(outage("500s"));

  it("is NotReady after 40 s; its pods are evicted 300 s later, and replaced elsewhere", () => {
    expect(timesOf(model, "NodeNotReady")).toEqual([50]);
    expect(timesOf(model, "TaintManagerEviction")).toEqual([350]);
    const replacement = model.cluster.pods[2];
    expect(toSeconds(replacement?.createdAt ?? 0)).toBe(350);
    expect(replacement?.node).toBe(1);
  });

  it("keeps its pods terminating until it is back", () => {
    const [pod] = onA(model);
    expect(toSeconds(pod?.deletedAt ?? 0)).toBe(350);
    expect(toSeconds(pod?.goneAt ?? 0)).toBe(510);
    expect(timesOf(model, "NodeReady")).toEqual([510]);
  });

  it("fails about half of the requests until callers forget its pod", () => {
    // 40 s of not knowing and 1 s of endpoint lag, 10 requests a second to two pods in turn.
    expect(failures(model)).toBeGreaterThan(150);
    expect(failures(model)).toBeLessThan(260);
  });

  it("goes on from a snapshot as if there had been none", () => {
    const first = modelOf(outage("500s"));
    first.run();
    const before = modelOf(outage("500s"));
    before.run(seconds(200));
    const after = modelOf(outage("500s"));
    after.restore(before.snapshot());
    after.run();
    expect(after.cluster.pods).toEqual(first.cluster.pods);
  });
});

it("brings its pods back with another container, when it is back in time", () => {
  const model = ran(outage("100s"));
  const [pod, ...others] = onA(model);
  expect(others).toEqual([]);
  expect(pod).toMatchObject({ restarts: 1, ready: true, known: true, deletedAt: null });
  expect(toSeconds(pod?.readyChangedAt ?? 0)).toBe(112);
  expect(model.cluster.pods).toHaveLength(2);
  expect(timesOf(model, "TaintManagerEviction")).toEqual([]);
});

it("is not noticed when it is down for less than the grace period", () => {
  const model = ran(outage("30s"));
  expect(timesOf(model, "NodeNotReady")).toEqual([]);
  expect(onA(model)[0]).toMatchObject({ restarts: 1, ready: true });
});

it("has its pods evicted as they tolerate it", () => {
  expect(timesOf(ran(outage("500s", tolerating(30))), "TaintManagerEviction")).toEqual([80]);
  expect(timesOf(ran(outage("500s", tolerating())), "TaintManagerEviction")).toEqual([]);
});

it("leaves a StatefulSet without its pod until it is back", () => {
  const model = ran(outage("500s", { statefulSet: {} }));
  expect(model.cluster.pods).toHaveLength(3);
  expect(toSeconds(model.cluster.pods[2]?.createdAt ?? 0)).toBe(510);
});

describe("tolerations of NoExecute taints", () => {
  const taint = { key: "gpu", effect: "NoExecute" } as const;

  it.each([
    { tolerations: [], want: 0 },
    { tolerations: [{ key: "gpu", operator: "Exists", tolerationSeconds: 60 }], want: 60 },
    { tolerations: [{ key: "gpu", operator: "Exists", tolerationSeconds: -1 }], want: 0 },
    { tolerations: [{ operator: "Exists" }], want: null },
    {
      tolerations: [
        { operator: "Exists", tolerationSeconds: 90 },
        { key: "gpu", operator: "Exists", tolerationSeconds: 20 },
      ],
      want: 20,
    },
  ] as const)("$tolerations: $want s", ({ tolerations, want }) => {
    const stay = toleratedFor([taint], tolerations);
    expect(stay === null ? null : toSeconds(stay)).toBe(want);
  });
});
