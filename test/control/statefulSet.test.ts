import { describe, expect, it } from "vitest";
import { seconds, toSeconds } from "../../sim/kernel/time.ts";
import type { Model } from "../../sim/scenario/build/model.ts";
import { outcomeOf } from "../support/observe.ts";
import { ran, type ScenarioText, throughText } from "../support/scenarios.ts";

const db = {
  replicas: 3,
  resources: { requests: { cpu: "500m" }, limits: { cpu: "1" } },
  startup: "2s",
  statefulSet: {},
  revisions: { v1: {}, v2: {} },
  endpoints: { get: [{ work: "5ms" }] },
};

const scenario = (statefulSet: ScenarioText, more: ScenarioText = {}): ScenarioText => ({
  duration: "120s",
  services: { db: { ...db, statefulSet } },
  traffic: { users: { rate: "20/s", call: "db" } },
  ...more,
});

const rescaled = (replicas: number): ScenarioText => ({
  policies: { set: { autoscalers: { db: { fixed: { replicas } } } } },
});

const rolled = (config: ScenarioText = {}): ScenarioText => ({
  policies: { set: { rollouts: { db: { revision: "v2", at: "10s", "stateful-set": config } } } },
});

interface Life {
  readonly name: string;
  readonly created: number;
  readonly ready: number | null;
  readonly deleted: number | null;
  readonly gone: number | null;
}

const secondsOf = (time: number | null): number | null => (time === null ? null : toSeconds(time));

const livesOf = ({ cluster }: Model): readonly Life[] =>
  cluster.pods.map((pod) => ({
    name: `db-${pod.podIndex} ${["v1", "v2"][pod.revision]}`,
    created: toSeconds(pod.createdAt),
    ready: secondsOf(pod.readyAt),
    deleted: secondsOf(pod.deletedAt),
    gone: secondsOf(pod.goneAt),
  }));

/** Those that came during the run. */
const newcomers = (model: Model): readonly Life[] =>
  livesOf(model).filter(({ created }) => created > 0);

describe("an ordered StatefulSet", () => {
  it("starts a pod when the one before it is ready", () => {
    const lives = newcomers(ran(scenario({}, rescaled(6))));
    expect(lives.map(({ name }) => name)).toEqual(["db-3 v1", "db-4 v1", "db-5 v1"]);
    expect(lives[1]?.created).toBe(lives[0]?.ready);
    expect(lives[2]?.created).toBe(lives[1]?.ready);
  });

  it("takes the highest away first, each when the one before it is gone", () => {
    const gone = livesOf(ran(scenario({}, rescaled(1)))).filter((life) => life.gone !== null);
    expect(gone.map(({ name }) => name)).toEqual(["db-1 v1", "db-2 v1"]);
    expect(gone[0]?.deleted).toBe(gone[1]?.gone);
  });

  it("waits minReadySeconds between pods", () => {
    const lives = newcomers(ran(scenario({ minReadySeconds: 7 }, rescaled(5))));
    expect(lives[1]?.created).toBe((lives[0]?.ready ?? 0) + 7);
  });

  it("puts a killed pod back under its own name", () => {
    const faults = [{ at: "20s", service: "db", replicas: 2, kill: true }];
    const model = ran(scenario({}, { faults }));
    const lives = newcomers(model);
    expect(lives.map(({ name }) => name)).toEqual(["db-0 v1", "db-1 v1"]);
    expect(lives[1]?.created).toBe(lives[0]?.ready);
    expect(model.cluster.replicaCounts(0)).toEqual({ wanted: 3, created: 3, ready: 3 });
  });

  it("rolls a new revision from the last pod to the first", () => {
    const model = ran(scenario({}, rolled()));
    const lives = newcomers(model);
    expect(lives.map(({ name }) => name)).toEqual(["db-2 v2", "db-1 v2", "db-0 v2"]);
    const outcome = outcomeOf(model);
    expect(outcome).toMatchObject({ policy: "stateful-set", outcome: "promoted" });
    expect(outcome.endSeconds).toBeCloseTo((lives[2]?.ready ?? 0) - 10, 6);
  });

  it("leaves pods below the partition alone", () => {
    const partition = { updateStrategy: { rollingUpdate: { partition: 2 } } };
    const model = ran(scenario(partition, rolled()));
    expect(newcomers(model).map(({ name }) => name)).toEqual(["db-2 v2"]);
    expect(outcomeOf(model)).toMatchObject({ outcome: "unfinished" });
  });

  it("lets a release say how it goes", () => {
    const model = ran(scenario({}, rolled({ updateStrategy: { type: "OnDelete" } })));
    expect(newcomers(model)).toEqual([]);
  });
});

it("starts all pods of a parallel StatefulSet at once", () => {
  const lives = newcomers(ran(scenario({ podManagementPolicy: "Parallel" }, rescaled(6))));
  expect(new Set(lives.map(({ created }) => created)).size).toBe(1);
  expect(lives).toHaveLength(3);
});

it("is scaled by an HPA, pod after pod", () => {
  const hpa = {
    minReplicas: 2,
    maxReplicas: 8,
    metrics: [
      {
        type: "Resource",
        resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } },
      },
    ],
  };
  const model = ran({
    ...scenario({}, { policies: { set: { autoscalers: { db: { hpa } } } } }),
    traffic: { users: { rate: "400/s", call: "db" } },
  });
  const lives = newcomers(model);
  expect(lives.length).toBeGreaterThanOrEqual(4);
  lives.slice(1).forEach((life, i) => {
    expect(life.created).toBeGreaterThanOrEqual(lives[i]?.ready ?? Number.POSITIVE_INFINITY);
  });
});

it("goes on from a snapshot as if there had been none", () => {
  const text = scenario({ minReadySeconds: 5 }, rolled());
  const whole = ran(text);
  const second = throughText(text, seconds(13));
  expect(livesOf(second)).toEqual(livesOf(whole));
});
