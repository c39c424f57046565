import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { listBeside } from "../../sim/cli/manifestFiles.ts";
import { minutes, seconds } from "../../sim/kernel/time.ts";
import type { LoadOptions } from "../../sim/scenario/load.ts";
import { loadScenario } from "../../sim/scenario/load.ts";
import type { Scenario } from "../../sim/scenario/scenario.ts";
import { compileProfile } from "../../sim/workload/compileProfile.ts";

const root = join(import.meta.dirname, "../..");
const files = readdirSync(join(root, "scenarios")).filter((file) => file.endsWith(".yaml"));

const SHOP = `
peakday: 1
name: shop
duration: 30m
warmUp: 5m
objective: {p95: 300ms, failed: 0.1%}
services:
  shop:
    replicas: 3
    endpoints: {GET /: [{work: 8ms}]}
traffic: {shoppers: {rate: 100/s, call: shop}}
`;

function load(text: string, options: Partial<LoadOptions> = {}): readonly Scenario[] {
  const { scenarios, problems } = loadScenario({
    file: "shop.yaml",
    text,
    readFile: () => null,
    ...options,
  });
  expect(problems.map(({ line, message }) => `${line}: ${message}`)).toEqual([]);
  return scenarios;
}

function loadOne(text: string, options: Partial<LoadOptions> = {}): Scenario {
  const [scenario, ...others] = load(text, options);
  expect(others).toEqual([]);
  if (scenario === undefined) throw new Error("no scenario");
  return scenario;
}

const list = (pattern: string) => listBeside(join(root, "scenarios/a.yaml"), pattern);
const read = (file: string): string => readFileSync(join(root, "scenarios", file), "utf8");

function rateAt(scenario: Scenario, time: number): number {
  const [traffic] = scenario.traffic;
  if (traffic?.kind !== "open") throw new Error("no open traffic");
  return compileProfile(traffic.rate, scenario.warmUp + scenario.duration).rateAt(time);
}

describe("the project's scenarios", () => {
  it.each(files)("%s loads, twice the same", (file) => {
    const scenarios = load(read(file), { readFile: read, listFiles: list });
    expect(scenarios.length).toBeGreaterThan(0);
    expect(load(read(file), { readFile: read, listFiles: list })).toEqual(scenarios);
  });

  it("hello takes no more than ten lines", () => {
    expect(read("hello.yaml").trim().split("\n").length).toBeLessThanOrEqual(10);
  });

  it("Black Friday has the case study's figures", () => {
    const scenarios = load(read("black-friday.yaml"));
    expect(scenarios.length).toBeGreaterThanOrEqual(4);
    const [scenario] = scenarios;
    if (scenario === undefined) throw new Error("no scenario");
    expect(scenario.cluster.workloads).toMatchObject([
      {
        replicas: 10,
        container: {
          name: "product-service",
          requests: { cpuMillicores: 500, memoryBytes: 512 * 1024 ** 2 },
          limits: { cpuMillicores: 1000, memoryBytes: 1024 ** 3 },
        },
        deployment: {
          strategy: { type: "RollingUpdate", maxSurge: 3, maxUnavailable: 1 },
        },
        readinessProbe: { initialDelay: seconds(5), period: seconds(5), failureThreshold: 3 },
        terminationGracePeriod: seconds(30),
      },
    ]);
    expect(scenario.policy.autoscalers).toMatchObject([
      {
        workload: "product",
        policy: "hpa",
        config: { spec: { minReplicas: 10, maxReplicas: 50 } },
      },
    ]);
    expect(scenario.claims).toMatchObject([{ from: 10, to: 50, within: minutes(2) }]);
    expect(
      scenario.notes.some(({ kind, text }) => kind === "fact" && /720 times/u.test(text)),
    ).toBe(true);
  });

  it("Black Friday is quick enough: less than 1.8 million requests a run", () => {
    const [scenario] = load(read("black-friday.yaml"));
    const [traffic] = scenario?.traffic ?? [];
    if (scenario === undefined || traffic?.kind !== "open") throw new Error("no open traffic");
    const profile = compileProfile(traffic.rate, scenario.warmUp + scenario.duration);
    expect(profile.total).toBeLessThan(1_800_000);
    expect(profile.peak()).toBeCloseTo(50_000 / 60, 6);
  });

  it("W3 is the peers' call tree", () => {
    const { services, cluster, traffic } = loadOne(read("w3.yaml"));
    const replicas = Object.fromEntries(cluster.workloads.map((d) => [d.name, d.replicas]));
    const slots = Object.fromEntries(services.map((s) => [s.name, s.concurrency]));
    const means = Object.fromEntries(
      services.map((s) => [s.name, s.endpoints[0]?.steps.find((step) => step.kind === "work")]),
    );
    expect(replicas).toEqual({
      gateway: 3,
      web: 10,
      api: 15,
      auth: 5,
      product: 10,
      order: 20,
      payment: 10,
    });
    expect(slots).toEqual({
      gateway: 64,
      web: 32,
      api: 32,
      auth: 32,
      product: 32,
      order: 16,
      payment: 16,
    });
    const work = (mean: number) => ({ kind: "work", time: { kind: "exponential", mean } });
    expect(means).toEqual({
      gateway: work(1_000),
      web: work(4_000),
      api: work(5_000),
      auth: work(2_000),
      product: work(8_000),
      order: work(10_000),
      payment: work(20_000),
    });
    expect(traffic[0]?.journeys[0]?.steps[0]?.call.timeout).toBe(seconds(1));
    expect(services.every((s) => s.discipline === "fifo" && s.queueLimit === null)).toBe(true);
  });
});

describe("defaults", () => {
  it("fills in everything that a small scenario leaves out", () => {
    const scenario = loadOne(SHOP.replace("warmUp: 5m\n", ""));
    expect(scenario).toMatchObject({
      title: "shop",
      seed: 1,
      warmUp: minutes(1),
      policy: { name: "as-is", autoscalers: [], rollouts: [] },
      price: { vcpuHourUsd: 0.04048, gibHourUsd: 0.004445 },
      objective: [
        { metric: "p95", limit: 300 },
        { metric: "failed", limit: 0.1 },
      ],
    });
    expect(scenario.cluster.nodes.map(({ zone }) => zone)).toEqual(["a", "b", "c"]);
    expect(scenario.services[0]).toMatchObject({
      discipline: "processor-sharing",
      concurrency: null,
      revisions: [{ name: "v1", errorShare: 0 }],
    });
  });

  it("takes a limit for the request too, as Kubernetes does", () => {
    const text = SHOP.replace("replicas: 3", "resources: {limits: {cpu: 2, memory: 1Gi}}");
    const [deployment] = loadOne(text).cluster.workloads;
    expect(deployment?.container.requests).toEqual({ cpuMillicores: 2000, memoryBytes: 1024 ** 3 });
  });

  it("sends queries over the pool of their datastore, or without a pool", () => {
    const text = SHOP.replace(
      "endpoints: {GET /: [{work: 8ms}]}",
      "pools: {db: {size: 5}}\n    endpoints: {GET /: [{query: db}, {query: redis}]}",
    ).concat("datastores: {db: {concurrency: 4, time: 5ms}, redis: {concurrency: 4, time: 1ms}}\n");
    const [shop] = loadOne(text).services;
    expect(shop?.endpoints[0]?.steps).toMatchObject([
      { kind: "query", pool: "db", call: { service: "db", endpoint: "query" } },
      { kind: "call", call: { service: "redis", endpoint: "query" } },
    ]);
  });
});

describe("times", () => {
  it("count from the start of the measured time, and from time zero once normalised", () => {
    const text = `${SHOP}
faults: [{at: 12m, for: 30s, service: shop, slow: 3}]
policies:
  early:
    autoscalers:
      shop: {scheduled: {schedule: [{at: 3m, minReplicas: 5}], maxReplicas: 9}}
`;
    const scenario = loadOne(text);
    expect(scenario.faults).toMatchObject([{ start: minutes(17), duration: seconds(30) }]);
    expect(scenario.policy.autoscalers).toMatchObject([
      { config: { schedule: [{ at: "480s", minReplicas: 5 }] } },
    ]);
  });

  it("let the traffic's first rate hold during the warm-up", () => {
    const stages = "{startRate: 10/s, stages: [{duration: 10m, target: 110/s}]}";
    const scenario = loadOne(SHOP.replace("rate: 100/s", `rate: ${stages}`));
    expect(rateAt(scenario, 0)).toBe(10);
    expect(rateAt(scenario, minutes(4.9))).toBe(10);
    expect(rateAt(scenario, minutes(10))).toBeCloseTo(60, 9);
    expect(rateAt(scenario, minutes(15) - 1)).toBeCloseTo(110, 3);
  });

  it("add a spike to its base, which is there all the time", () => {
    const spike = "height: 200/s, start: 5m, rise: 1m, hold: 5m, decay: 2m";
    const scenario = loadOne(SHOP.replace("100/s", `{spike: {base: 50/s, ${spike}}}`));
    const sum = loadOne(SHOP.replace("100/s", `{sum: [50/s, {spike: {${spike}}}]}`));
    expect(scenario.traffic).toEqual(sum.traffic);
    expect(rateAt(scenario, minutes(9))).toBe(50);
    expect(rateAt(scenario, minutes(13))).toBe(250);
  });
});

describe("overlays and settings", () => {
  it("are laid over each other: file, overlays in order, settings, the policy's own", () => {
    const text = `${SHOP}policies: {a: {}, b: {overlay: {services: {shop: {replicas: 6}}}}}\n`;
    const replicas = (options: Partial<LoadOptions>) =>
      load(text, options).map(({ cluster }) => cluster.workloads[0]?.replicas);
    const four = { file: "4.yaml", text: "services: {shop: {replicas: 4}}" };
    const five = { file: "5.yaml", text: "services: {shop: {replicas: 5}}" };
    const set = [["services.shop.replicas", 7]] as const;
    expect(replicas({})).toEqual([3, 6]);
    expect(replicas({ overlays: [four] })).toEqual([4, 6]);
    expect(replicas({ overlays: [four, five] })).toEqual([5, 6]);
    expect(replicas({ overlays: [five, four], set })).toEqual([7, 6]);
  });

  it("take a key away with null, and replace lists", () => {
    const overlay = "traffic: {shoppers: {rate: null, users: 5}}\nwarmUp: null";
    const scenario = loadOne(SHOP, { overlays: [{ file: "closed.yaml", text: overlay }] });
    expect(scenario.traffic[0]).toMatchObject({ kind: "closed", users: 5 });
    expect(scenario.warmUp).toBe(minutes(1));
  });

  it("find names with blanks and dots in them, and items of lists", () => {
    const text = SHOP.replace("GET /:", "GET /v1.0:");
    const set = [["services.shop.endpoints.GET /v1.0.0.work", "9ms"]] as const;
    expect(loadOne(text, { set }).services[0]?.endpoints[0]?.steps).toEqual([
      { kind: "work", time: { kind: "constant", value: 9_000 } },
    ]);
  });

  it("have their problems told where they stand", () => {
    const { problems } = loadScenario({
      file: "shop.yaml",
      text: SHOP,
      overlays: [{ file: "peak.yaml", text: "traffic:\n  shoppers: {rate: 200}\n" }],
      set: [["services.shop.replicas", "many"]],
      readFile: () => null,
    });
    expect(problems).toMatchObject([
      { file: "peak.yaml", line: 2, column: 20, hint: "200 a second is written 200/s" },
      { file: "--set services.shop.replicas", line: 1, column: 1 },
    ]);
  });
});

describe("policies", () => {
  const text = `${SHOP}policies: {a: {}, b: {}, c: {}}\n`;

  it("come in the order of the file, all or the named ones", () => {
    const names = (policies?: readonly string[]) =>
      load(text, policies === undefined ? {} : { policies }).map(({ policy }) => policy.name);
    expect(names()).toEqual(["a", "b", "c"]);
    expect(names(["c", "a"])).toEqual(["a", "c"]);
  });

  it("must be there when they are named", () => {
    const { scenarios, problems } = loadScenario({
      file: "shop.yaml",
      text: text.replace("a:", "scheduled:"),
      policies: ["schedule"],
      readFile: () => null,
    });
    expect(scenarios).toEqual([]);
    expect(problems).toMatchObject([
      { message: 'no policy "schedule"', hint: 'did you mean "scheduled"? known: b, c, scheduled' },
    ]);
  });
});

describe("YAML", () => {
  it("may use anchors, aliases and merge keys, which the map itself comes before", () => {
    const text = SHOP.replace(
      "services:\n  shop:\n",
      [
        "services:",
        "  cart: &base {replicas: 2, queue: 9, concurrency: 4, endpoints: {GET /: []}}",
        "  shop:",
        "    <<: *base",
        "",
      ].join("\n"),
    );
    const scenario = loadOne(text);
    expect(scenario.cluster.workloads.map(({ replicas }) => replicas)).toEqual([2, 3]);
    expect(scenario.services.map(({ queueLimit }) => queueLimit)).toEqual([9, 9]);
  });

  it("reads a trace beside the scenario", () => {
    const csv = "timestamp_s,rps\n1000,5\n1600,50\n";
    const scenario = loadOne(SHOP.replace("rate: 100/s", "rate: {trace: day.csv}"), {
      readFile: (name) => (name === "day.csv" ? csv : null),
    });
    expect(rateAt(scenario, 0)).toBe(5);
    expect(rateAt(scenario, minutes(14))).toBe(5);
    expect(rateAt(scenario, minutes(16))).toBe(50);
  });

  it("keeps notes with their lines, comments only", () => {
    const text = `${SHOP.trim()}
# assumed: nobody waits
#   for longer than this
# not a note
title: "# fact: no comment" # fact: a comment
`;
    expect(loadOne(text).notes).toEqual([
      { line: 11, kind: "assumed", text: "nobody waits for longer than this" },
      { line: 14, kind: "fact", text: "a comment" },
    ]);
  });
});
