import { describe, expect, it } from "vitest";
import type { Model } from "../../sim/scenario/build/model.ts";
import { seriesOf, sum, watchArrivals } from "../support/observe.ts";
import { modelOf, ran, type ScenarioText } from "../support/scenarios.ts";

const shop = {
  cpu: "fifo",
  concurrency: 3,
  replicas: 3,
  balancer: "random",
  startup: { lognormal: { mean: "3s", cv: 1 } },
  revisions: { v1: { errors: "2%", latency: { min: 1, max: 2 } } },
  endpoints: {
    get: [
      { work: { lognormal: { mean: "20ms", cv: 1 } } },
      { choose: [{ probability: 0.3, steps: [{ wait: { exponential: "30ms" } }] }] },
      { cache: { hits: "60%", miss: [{ query: "db" }] } },
    ],
  },
};
const db = { concurrency: 5, time: { exponential: "9ms" } };
const shopFaults = [
  { name: "slow net", at: "20s", for: "20s", service: "shop", latency: { exponential: "10ms" } },
  { at: "25s", service: "shop", replicas: 1, kill: true },
];
const client = { retries: { attempts: 2, backoff: { base: "20ms", jitter: 0.5 } } };

const base: ScenarioText = {
  seed: 11,
  duration: "60s",
  services: { shop },
  datastores: { db },
  traffic: { buyers: { rate: "60/s", call: "shop", population: { users: 500 }, ...client } },
  faults: shopFaults,
};

const other = { ...shop, endpoints: { get: [{ work: { gamma: { mean: "7ms", cv: 1 } } }] } };
const hpa = { minReplicas: 1, maxReplicas: 9 };

/** Everything that happened to the shop: exact sums of every second, and its pods. */
function shopOf(model: Model): unknown {
  const { wanted: _w, created: _c, ready: _r, ...series } = seriesOf(model, "shop");
  const index = model.cluster.workloads.findIndex(({ spec }) => spec.name === "shop");
  const pods = model.cluster.pods.filter(({ workload }) => workload === index);
  return {
    series,
    database: seriesOf(model, "db").servedMicros,
    pods: pods.map(({ createdAt, listeningAt, endpointAt, goneAt }) => [
      createdAt,
      listeningAt,
      endpointAt,
      goneAt,
    ]),
  };
}

const more = {
  service: { services: { other, shop } },
  "service with traffic of its own": {
    services: { other, shop },
    traffic: {
      others: { rate: "40/s", call: "other", population: { users: 50, regions: { x: 1, y: 2 } } },
      ...(base["traffic"] as object),
    },
  },
  datastore: { datastores: { cold: { concurrency: 1, time: { exponential: "1s" } }, db } },
  "endpoint of the service": {
    services: {
      shop: { ...shop, endpoints: { put: [{ work: "1s" }], get: shop.endpoints.get } },
    },
    traffic: {
      buyers: { rate: "60/s", call: "shop get", population: { users: 500 }, ...client },
    },
  },
  "fault elsewhere": {
    services: { other, shop },
    faults: [
      { at: "5s", for: "30s", service: "other", latency: { exponential: "10ms" } },
      { at: "6s", service: "other", kill: true },
      { at: "7s", for: "9s", service: "other", slow: 3 },
      ...shopFaults,
    ],
  },
  "topic elsewhere": {
    services: { other, shop },
    topics: {
      jobs: {
        producers: { all: { rate: "5/s" }, some: { batch: 50, at: "9s" } },
        consumers: { workers: { call: "other", atOnce: 3 } },
      },
    },
  },
  "policy elsewhere": {
    services: { other: { ...other, resources: { requests: { cpu: "50m" } } }, shop },
    policies: { set: { autoscalers: { other: { hpa } } } },
  },
};

describe("adding", () => {
  it.each(Object.entries(more))("a %s changes nothing of what a service is asked", (_, added) => {
    expect(shopOf(ran({ ...base, ...added }))).toEqual(shopOf(ran(base)));
  });

  it("time, and so longer bins, changes nothing of what came before", () => {
    const short = modelOf({ ...base, duration: "150s" });
    const long = modelOf({ ...base, duration: "450s" });
    const [early, all] = [watchArrivals(short), watchArrivals(long)];
    short.run();
    long.run(short.end);
    expect(long.recorder.binMicros).not.toBe(short.recorder.binMicros);
    expect(all).toEqual(early);
    expect(long.simulation.digest.hex()).toBe(short.simulation.digest.hex());
  });

  it("warm-up changes no request, only which are counted", () => {
    const without = modelOf({ ...base, faults: [] });
    const warmed = modelOf({ ...base, faults: [], warmUp: "10s", duration: "50s" });
    const [all, counted] = [watchArrivals(without), watchArrivals(warmed)];
    without.run();
    warmed.run();
    expect(counted).toEqual(all.filter((due) => due >= 10_000));
    expect(warmed.simulation.digest.hex()).toBe(without.simulation.digest.hex());
  });
});

describe("two policies", () => {
  const rate = {
    steps: [
      { at: "0s", rate: "60/s" },
      { at: "40s", rate: "0/s" },
    ],
  };
  const policies = {
    few: { autoscalers: { shop: { fixed: { replicas: 2 } } } },
    many: { autoscalers: { shop: { fixed: { replicas: 9 } } } },
  };
  const run = (policy: keyof typeof policies): { model: Model; due: readonly number[] } => {
    const model = modelOf({
      ...base,
      faults: [],
      duration: "120s",
      traffic: { buyers: { rate, call: "shop", ...client } },
      policies: { [policy]: policies[policy] },
    });
    const due = watchArrivals(model);
    model.run();
    return { model, due };
  };

  it("meet the same customers, who ask for the same", () => {
    const [few, many] = [run("few"), run("many")];
    expect(few.due.length).toBeGreaterThan(2000);
    expect(many.due).toEqual(few.due);
    const asked = ({ model }: typeof few): unknown => ({
      work: sum(seriesOf(model, "shop").servedMicros),
      queries: sum(seriesOf(model, "db").servedMicros),
      failed: model.recorder.failed,
      hits: Array.from(model.recorder.cacheHits),
    });
    expect(asked(many)).toEqual(asked(few));
    expect(many.model.recorder.latency.mean).not.toBe(few.model.recorder.latency.mean);
  });

  it("meet the same delays of the nth pod", () => {
    const starts = ({ model }: ReturnType<typeof run>): readonly number[] =>
      model.cluster.pods
        .filter(({ createdAt, listeningAt }) => createdAt > 0 && listeningAt !== null)
        .map(({ imageAt, listeningAt }) => listeningAt! - imageAt!);
    expect(new Set(starts(run("many"))).size).toBe(6);
  });
});

describe("another seed, and another replication", () => {
  it("change arrivals, demands, luck and delays", () => {
    const all = [
      ran(base),
      ran({ ...base, seed: 12 }),
      ran(base, { replication: 1 }),
      ran({ ...base, seed: 12 }, { replication: 1 }),
    ];
    const distinct = (read: (model: Model) => unknown): number =>
      new Set(all.map((model) => JSON.stringify(read(model)))).size;
    expect(distinct((model) => model.recorder.series.arrivals)).toBe(4);
    expect(distinct((model) => seriesOf(model, "db").servedMicros)).toBe(4);
    expect(distinct((model) => Array.from(model.recorder.cacheHits))).toBe(4);
    expect(distinct((model) => model.cluster.pods.map(({ listeningAt }) => listeningAt))).toBe(4);
  });
});
