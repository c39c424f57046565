import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { podPhase } from "../../sim/cluster/kubeletStatus.ts";
import { exists, type Pod } from "../../sim/cluster/pod.ts";
import { Router } from "../../sim/dataplane/exact/router.ts";
import { Simulation } from "../../sim/kernel/simulation.ts";
import { builtInPolicies } from "../../sim/policy/index.ts";
import { Model } from "../../sim/scenario/build/model.ts";
import { loadScenario } from "../../sim/scenario/load.ts";

/**
 * Random manifests, loads and faults, the way a user's go: YAML of Kubernetes in a file, which the
 * scenario names, is loaded, built and run; the invariants are looked at after every event. For
 * more of them: PEAKDAY_MANIFEST_RUNS=1000 npx vitest run … test/property/manifests.test.ts.
 */
const LONG_RUNS = Number(process.env["PEAKDAY_MANIFEST_RUNS"] ?? 0);
/** Of a hang only; a long run takes as long as it takes. */
const TIME_LIMIT = LONG_RUNS > 0 ? 3_600_000 : 120_000;
const SECONDS = 150;
const NODES = 3;

const amounts = fc.constantFrom<number | string>(0, 1, 2, "25%", "50%");
const probe = fc.record({
  initialDelaySeconds: fc.integer({ min: 0, max: 5 }),
  periodSeconds: fc.integer({ min: 1, max: 6 }),
  timeoutSeconds: fc.integer({ min: 1, max: 2 }),
  failureThreshold: fc.integer({ min: 1, max: 4 }),
});
const made = fc.record({
  replicas: fc.integer({ min: 1, max: 5 }),
  cpu: fc.constantFrom("200m", "500m"),
  limit: fc.constantFrom("500m", "1"),
  recreates: fc.boolean(),
  surge: amounts,
  unavailable: amounts,
  minReadySeconds: fc.constantFrom(0, 0, 4),
  grace: fc.integer({ min: 1, max: 12 }),
  readiness: fc.option(probe),
  liveness: fc.option(probe),
  budget: fc.constantFrom<Readonly<Record<string, number | string>> | null>(
    null,
    { minAvailable: 1 },
    { minAvailable: "50%" },
    { maxUnavailable: 1 },
    { maxUnavailable: "30%" },
  ),
  hpa: fc.option(fc.record({ min: fc.integer({ min: 1, max: 3 }), more: fc.nat(5) })),
  rate: fc.integer({ min: 1, max: 60 }),
  quota: fc.constantFrom("even", "cfs"),
  rollAt: fc.integer({ min: 20, max: 60 }),
  drainAt: fc.option(fc.integer({ min: 20, max: 70 })),
  killAt: fc.option(fc.integer({ min: 20, max: 120 })),
  slowAt: fc.option(fc.integer({ min: 20, max: 100 })),
});
type Made = typeof made extends fc.Arbitrary<infer T> ? T : never;

/** Both being 0 is refused, as the API server does. */
const surgeOf = ({ surge, unavailable }: Made): number | string =>
  surge === 0 && unavailable === 0 ? 1 : surge;

function manifestsOf(from: Made): string {
  const { cpu, limit, readiness, liveness, budget, hpa } = from;
  const container = {
    name: "web",
    image: "web:1",
    resources: { requests: { cpu, memory: "128Mi" }, limits: { cpu: limit } },
    ...(readiness === null ? {} : { readinessProbe: { ...get, ...readiness } }),
    ...(liveness === null ? {} : { livenessProbe: { ...get, ...liveness } }),
  };
  const rollingUpdate = { maxSurge: surgeOf(from), maxUnavailable: from.unavailable };
  const labels = { app: "web" };
  const deployment = {
    ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web" } },
    spec: {
      replicas: from.replicas,
      minReadySeconds: from.minReadySeconds,
      strategy: from.recreates ? { type: "Recreate" } : { type: "RollingUpdate", rollingUpdate },
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { terminationGracePeriodSeconds: from.grace, containers: [container] },
      },
    },
  };
  const disruption = {
    ...{ apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: { name: "web" } },
    spec: { selector: { matchLabels: labels }, ...budget },
  };
  const autoscaler = {
    ...{ apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler", metadata: { name: "web" } },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      minReplicas: hpa?.min ?? 1,
      maxReplicas: maxOf(from) ?? 1,
      metrics: [
        {
          type: "Resource",
          resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 60 } },
        },
      ],
    },
  };
  const all = [
    deployment,
    ...(budget === null ? [] : [disruption]),
    ...(hpa === null ? [] : [autoscaler]),
  ];
  return all.map((one) => JSON.stringify(one)).join("\n---\n");
}
const get = { httpGet: { path: "/", port: 80 } };
const maxOf = ({ hpa }: Made): number | null => (hpa === null ? null : hpa.min + hpa.more);

function scenarioOf(from: Made): string {
  const faults = [
    ...(from.drainAt === null ? [] : [{ at: `${from.drainAt}.3s`, for: "40s", drain: "node-1" }]),
    ...(from.killAt === null
      ? []
      : [{ at: `${from.killAt}.7s`, service: "web", replicas: 1, kill: true }]),
    ...(from.slowAt === null
      ? []
      : [{ at: `${from.slowAt}.1s`, for: "20s", service: "web", replicas: 1, slow: 5 }]),
  ];
  return JSON.stringify({
    ...{ peakday: 1, name: "random", warmUp: "0s", duration: `${SECONDS}s` },
    objective: { p95: "1s" },
    services: {
      web: {
        deployment: "web",
        quota: from.quota,
        startup: { exponential: "3s" },
        revisions: { v1: {}, v2: {} },
        endpoints: { get: [{ work: { exponential: "20ms" } }] },
      },
    },
    traffic: { users: { rate: `${from.rate}/s`, call: "web", timeout: "2s" } },
    cluster: {
      manifests: "web.yaml",
      nodes: [{ count: NODES, cpu: 1, memory: "4Gi", pods: 8, zones: ["a", "b"] }],
    },
    faults,
    policies: {
      roll: {
        rollouts: {
          web: {
            ...{ revision: "v2", at: `${from.rollAt}s` },
            [from.recreates ? "recreate" : "rolling"]: {},
          },
        },
      },
    },
  });
}

/** A number of pods that a count or percentage of them stands for. */
function part(amount: number | string, of: number, round: (value: number) => number): number {
  return typeof amount === "number" ? amount : round((Number.parseInt(amount, 10) / 100) * of);
}

const PHASES = ["Pending", "Running", "Succeeded", "Failed"];
/** Facts of a pod that hold for good once they are known. */
const LASTING = ["node", "scheduledAt", "runningAt", "deletedAt", "goneAt", "createdAt"] as const;

// Cheaper than expect, since they are asked after every event.
function atMost(value: number, most: number): void {
  if (value > most) throw new Error(`${value} is more than ${most}`);
}
function equal<Value>(value: Value, wanted: Value): void {
  if (value !== wanted) throw new Error(`${String(value)} is not ${String(wanted)}`);
}
function differ<Value>(value: Value, unwanted: Value): void {
  if (value === unwanted) throw new Error(`it is ${String(value)}`);
}

class Watch {
  readonly #from: Made;
  readonly #model: Model;
  #seen = 0;
  readonly #known = new Map<number, { phase: number; facts: readonly (number | null)[] }>();
  #ready = new Set<number>();
  #cpu = new Map<string, { at: number; used: number }>();
  #most: { at: number; replicas: number }[] = [];
  evictions = 0;

  constructor(from: Made, model: Model) {
    this.#from = from;
    this.#model = model;
  }

  look(): void {
    const { cluster, simulation } = this.#model;
    this.#bounds();
    for (const pod of cluster.pods) {
      this.#life(pod);
      if (exists(pod)) this.#quota(pod, simulation.now);
    }
    this.#nodes();
    this.#budget();
  }

  /** `spec.replicas` is what the HPA may want, and a roll keeps to its surge. */
  #bounds(): void {
    const { cluster, simulation } = this.#model;
    const { hpa, recreates } = this.#from;
    const { replicas } = cluster.workloads[0]!;
    const max = maxOf(this.#from);
    // Its first sync comes after at most 15 s and their jitter.
    if (hpa !== null && max !== null && simulation.now > 20e6) {
      atMost(hpa.min, replicas);
      atMost(replicas, max);
    }
    const { now } = simulation;
    this.#most = this.#most.filter(({ at, replicas: old }) => at > now - 5e6 && old > replicas);
    this.#most.push({ at: now, replicas });
    const most = Math.max(...this.#most.map(({ replicas: one }) => one));
    const there = cluster.pods.filter((pod) => pod.deletedAt === null && exists(pod));
    const surge = recreates ? 0 : part(surgeOf(this.#from), most, Math.ceil);
    atMost(there.length, most + surge);
    const all = cluster.pods.filter(exists);
    if (recreates) atMost(new Set(all.map(({ revision }) => revision)).size, 1);
  }

  /** One phase at a time, never back; what has happened stays so; ready is what runs. */
  #life(pod: Pod): void {
    const phase = PHASES.indexOf(podPhase(pod));
    const facts = LASTING.map((key) => pod[key]);
    const before = this.#known.get(pod.number);
    if (before !== undefined) {
      atMost(before.phase, phase);
      if (before.phase >= 2) equal(phase, before.phase);
      before.facts.forEach((fact, i) => {
        if (fact !== null) equal(facts[i], fact);
      });
    }
    this.#known.set(pod.number, { phase, facts });
    if (!exists(pod)) equal(pod.container, null);
    if (pod.ready) equal(pod.container?.started, true);
    if (pod.runningAt !== null) differ(pod.node, null);
  }

  /** In no time longer than a period more CPU than the limit, and one period of CFS. */
  #quota(pod: Pod, now: number): void {
    if (pod.container?.listening !== true) return;
    const id = `${pod.number} ${pod.restarts}`;
    const last = this.#cpu.get(id);
    if (last !== undefined && now < last.at + 1e5) return;
    const used = this.#model.plane.usage(pod.number).cpuMicros;
    this.#cpu.set(id, { at: now, used });
    if (last === undefined) return;
    const cores = this.#from.limit === "1" ? 1 : 0.5;
    const burst = this.#from.quota === "cfs" ? cores * 1e5 : 0;
    atMost(used - last.used, cores * (now - last.at) + burst + 1);
  }

  #nodes(): void {
    const { pods, nodes, workloads } = this.#model.cluster;
    const { cpuMillicores } = workloads[0]!.spec.podRequests;
    for (const { spec, number } of nodes) {
      const there = pods.filter((pod) => pod.node === number && exists(pod)).length;
      atMost(there * cpuMillicores, spec.cpuMillicores);
      atMost(there, spec.pods);
    }
  }

  /** Whoever was ready when it was evicted could be spared. */
  #budget(): void {
    const { cluster } = this.#model;
    const ready = new Set(
      cluster.pods
        .filter((pod) => pod.ready && pod.deletedAt === null && exists(pod))
        .map(({ number }) => number),
    );
    const fresh = cluster.events.slice(this.#seen).filter(({ reason }) => reason === "Evicted");
    this.#seen = cluster.events.length;
    const gone = [...this.#ready].filter((number) => !ready.has(number));
    this.evictions += fresh.length;
    if (fresh.length > 0 && gone.length > 0) {
      atMost(this.#required(), ready.size);
    }
    this.#ready = ready;
  }

  #required(): number {
    const { budget } = this.#from;
    const expected = this.#model.cluster.workloads[0]!.replicas;
    if (budget === null) return 0;
    const { minAvailable, maxUnavailable } = budget;
    return minAvailable === undefined
      ? expected - part(maxUnavailable ?? 0, expected, Math.ceil)
      : part(minAvailable, expected, Math.ceil);
  }
}

/** Runs it with a look after every event, and at every replica that a caller chooses. */
function watched(from: Made): { readonly watch: Watch; readonly model: Model } {
  const { scenarios, problems } = loadScenario({
    file: "random.yaml",
    text: scenarioOf(from),
    readFile: (name) => (name === "web.yaml" ? manifestsOf(from) : null),
  });
  expect(problems).toEqual([]);
  let look = (): void => {};
  const restore = afterEvents(() => look());
  try {
    const scenario = scenarios[0]!;
    const model = new Model({ scenario, replication: 0, registry: builtInPolicies });
    const { choose } = Router.prototype;
    vi.spyOn(Router.prototype, "choose").mockImplementation(function (this: Router, service, row) {
      const replica = choose.call(this, service, row);
      if (replica >= 0) equal(model.cluster.pods[replica]!.known, true);
      return replica;
    });
    const watch = new Watch(from, model);
    look = () => watch.look();
    model.run();
    return { watch, model };
  } finally {
    restore();
  }
}

/** Calls back after every event of the models that are built from now on. */
function afterEvents(look: () => void): () => void {
  const { register } = Simulation.prototype;
  vi.spyOn(Simulation.prototype, "register").mockImplementation(function (
    this: Simulation,
    name,
    handler,
  ) {
    return register.call(this, name, (a, b) => {
      handler(a, b);
      look();
    });
  });
  return () => vi.restoreAllMocks();
}

describe("whatever the manifests, the load and the faults", () => {
  it(
    "bounds, budgets, phases, endpoints, quotas and nodes are kept at every event",
    () => {
      let [evictions, rolled, refused] = [0, 0, 0];
      const property = fc.property(made, (from) => {
        const { watch, model } = watched(from);
        evictions += watch.evictions;
        rolled += model.cluster.pods.filter(({ revision }) => revision === 1).length;
        refused += model.cluster.events.filter(({ message }) => message.includes("refused")).length;
      });
      fc.assert(property, { seed: 21, numRuns: LONG_RUNS || 100 });
      // None of it is kept because nothing happens.
      expect(evictions).toBeGreaterThan(5);
      expect(rolled).toBeGreaterThan(25);
      expect(refused).toBeGreaterThan(0);
    },
    TIME_LIMIT,
  );
});
