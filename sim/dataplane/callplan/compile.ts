import { assert, unreachable } from "../../kernel/assert.ts";
import { compileDistribution, type TimeDistribution } from "../../workload/distributions.ts";
import { type CallSpec, PLAIN_CALL } from "../callSpec.ts";
import type { ServiceSpec, StepSpec } from "../serviceSpec.ts";
import type { TopicSpec } from "../topicSpec.ts";
import type { JourneySpec, TrafficSpec } from "../trafficSpec.ts";
import { planCall, planGuard } from "./calls.ts";
import { type ExpectedLoad, expectedLoad } from "./expectedLoad.ts";
import { nameHash } from "./names.ts";
import {
  type CallPlan,
  type CallSite,
  type Choice,
  type Fork,
  type Lookup,
  Op,
  type PlannedFallback,
  type PlannedGroup,
  type PlannedLock,
  type PlannedService,
  type PlannedTraffic,
} from "./plan.ts";
import { planStation } from "./station.ts";

/** Compiles services and traffic, whose names are known to resolve, into one flat program. */
export function compileCallPlan(
  services: readonly ServiceSpec[],
  traffic: readonly TrafficSpec[],
  topics: readonly TopicSpec[],
): CallPlan {
  const writer = new ProgramWriter(services);
  const load = expectedLoad(services, traffic);
  const planned = services.map((service, index) => planService(service, index, writer));
  const clients = traffic.map((entry, index) => planTraffic(entry, load[index]!, writer));
  const groups = topics.flatMap((topic, index) => planGroups(topic, index, writer));
  const { caches, tables } = writer;
  return { program: writer.program(), services: planned, traffic: clients, caches, tables, groups };
}

function planGroups(topic: TopicSpec, index: number, writer: ProgramWriter): PlannedGroup[] {
  const producers = topic.producers.map(({ name }) => ({
    hash: nameHash(`topic ${topic.name}/${name}`),
  }));
  return topic.groups.map((spec) => {
    const call = { ...spec.call, ...PLAIN_CALL };
    const site = writer.callSite(call, `topic ${topic.name} to ${spec.name}`);
    const { service } = writer.siteAt(site);
    const { name, partitions } = topic;
    return { spec, topic: index, topicName: name, partitions, service, site, producers };
  });
}

function planService(service: ServiceSpec, index: number, writer: ProgramWriter): PlannedService {
  const pools = service.pools.map((pool) => pool.name);
  const firstSite = writer.siteCount;
  const entries = service.endpoints.map((endpoint) => {
    const entry = writer.at;
    const path = `${service.name}/${endpoint.name}`;
    writer.steps(endpoint.steps, path, pools);
    writer.emit(Op.End, 0, path);
    writer.fallbacks();
    return entry;
  });
  const calls = writer.calledSince(firstSite);
  return {
    name: service.name,
    hash: nameHash(service.name),
    kind: service.kind,
    discipline: service.discipline,
    quota: service.quota,
    concurrency: service.concurrency ?? Number.POSITIVE_INFINITY,
    queueLimit: service.queueLimit ?? Number.POSITIVE_INFINITY,
    station: planStation(service.station),
    replication:
      service.replication === null
        ? null
        : { ...service.replication, lag: compileDistribution(service.replication.lag) },
    asynchronous: service.asynchronous,
    balancer: service.balancer,
    warmUp: service.warmUp,
    dropsExpired: service.dropsExpired,
    outlierDetection: service.outlierDetection,
    prefersClose: service.prefersClose,
    slowStart: service.slowStart,
    guards: service.guards.map((guard) => planGuard(guard, `guard of ${service.name}`)),
    probe: writer.probe(service, index),
    pools: service.pools,
    entries: Int32Array.from(entries),
    endpoints: service.endpoints.map((endpoint) => endpoint.name),
    revisions: service.revisions.map((revision) => ({
      name: revision.name,
      errorShare: revision.errorShare,
      latencyMin: revision.latencyFactor.min,
      latencySpan: revision.latencyFactor.max - revision.latencyFactor.min,
      memory: revision.memory ?? service.memory,
    })),
    calls,
  };
}

function planTraffic(
  traffic: TrafficSpec,
  load: ExpectedLoad,
  writer: ProgramWriter,
): PlannedTraffic {
  const total = traffic.journeys.reduce((sum, journey) => sum + journey.weight, 0);
  const weights = new Float64Array(traffic.journeys.length);
  let cumulative = 0;
  const firstSite = writer.siteCount;
  const entries = traffic.journeys.map((journey, index) => {
    cumulative += journey.weight / total;
    weights[index] = index === weights.length - 1 ? 1 : cumulative;
    return planJourney(traffic, journey, writer);
  });
  return {
    name: traffic.name,
    hash: nameHash(`traffic ${traffic.name}`),
    weights,
    entries: Int32Array.from(entries),
    priorities: traffic.journeys.map(({ priority }) => priority),
    users: traffic.kind === "closed" ? traffic.users : 0,
    visits: load.visits,
    work: load.work,
    calls: writer.calledSince(firstSite),
  };
}

function planJourney(traffic: TrafficSpec, journey: JourneySpec, writer: ProgramWriter): number {
  const entry = writer.at;
  journey.steps.forEach((step, index) => {
    const path = `traffic ${traffic.name}/${journey.name}/${index}`;
    const steps: StepSpec[] = [{ kind: "call", call: step.call }];
    if (step.thinkTime !== null) steps.push({ kind: "wait", time: step.thinkTime });
    if (step.probability < 1) {
      const options = [{ probability: step.probability, steps }];
      writer.steps([{ kind: "choice", options }], path, []);
    } else writer.steps(steps, path, []);
  });
  writer.emit(traffic.kind === "closed" ? Op.Loop : Op.End, 0, `traffic ${traffic.name}`);
  return entry;
}

class ProgramWriter {
  readonly caches: string[] = [];
  readonly tables: string[] = [];
  readonly #services: readonly ServiceSpec[];
  readonly #op: number[] = [];
  readonly #x: number[] = [];
  readonly #site: number[] = [];
  readonly #times: TimeDistribution[] = [];
  readonly #sites: CallSite[] = [];
  readonly #forks: Fork[] = [];
  readonly #choices: Choice[] = [];
  readonly #lookups: Lookup[] = [];
  readonly #locks: PlannedLock[] = [];
  /** The outermost transaction that is being written, and how many there are. */
  #transaction = -1;
  #transactions = 0;
  /** The pool of which a transaction around holds a connection. */
  #connected: string | null = null;
  readonly #fallbacks: {
    readonly planned: PlannedFallback;
    readonly steps: readonly StepSpec[];
    readonly path: string;
    readonly pools: readonly string[];
  }[] = [];

  constructor(services: readonly ServiceSpec[]) {
    this.#services = services;
  }

  /** Address of the next instruction. */
  get at(): number {
    return this.#op.length;
  }

  emit(op: number, x: number, path: string): number {
    this.#op.push(op);
    this.#x.push(x);
    return this.#site.push(nameHash(path)) - 1;
  }

  steps(steps: readonly StepSpec[], path: string, pools: readonly string[]): void {
    steps.forEach((step, index) => {
      this.#step(step, `${path}/${index}`, pools);
    });
  }

  /** Writes what callers do when calls have failed, of all calls since it last did. */
  fallbacks(): void {
    for (let next = this.#fallbacks.pop(); next !== undefined; next = this.#fallbacks.pop()) {
      const { planned, steps, path, pools } = next;
      planned.entry = this.at;
      this.steps(steps, path, pools);
      this.emit(Op.EndBranch, 0, path);
    }
  }

  /** What the kubelet's probes do in the service, beside its endpoints. */
  probe(service: ServiceSpec, index: number): PlannedService["probe"] {
    const path = `probe of ${service.name}`;
    const entry = this.at;
    this.steps([{ kind: "work", time: service.probeWork }], path, []);
    this.emit(Op.Probed, 0, path);
    const site: CallSite = {
      hash: nameHash(path),
      service: index,
      endpoint: -1,
      revision: -1,
      access: "read",
      timeout: null,
      call: null,
    };
    const number = this.#sites.push(site) - 1;
    return { entry, site: number, ownThread: service.probeThread === "own" };
  }

  program(): CallPlan["program"] {
    return {
      op: Int32Array.from(this.#op),
      x: Int32Array.from(this.#x),
      site: Int32Array.from(this.#site),
      times: this.#times,
      sites: this.#sites,
      forks: this.#forks,
      choices: this.#choices,
      lookups: this.#lookups,
      locks: this.#locks,
    };
  }

  #step(step: StepSpec, path: string, pools: readonly string[]): void {
    switch (step.kind) {
      case "work":
      case "wait": {
        const time = this.#times.push(compileDistribution(step.time)) - 1;
        this.emit(step.kind === "work" ? Op.Work : Op.Wait, time, path);
        return;
      }
      case "call":
        this.emit(Op.Call, this.callSite(step.call, path, pools), path);
        return;
      case "lock":
        this.#lock(step, path, pools);
        return;
      case "transaction":
        this.#writeTransaction(step, path, pools);
        return;
      case "query": {
        if (step.pool === this.#connected) {
          this.emit(Op.Call, this.callSite(step.call, path, pools), path);
          return;
        }
        const pool = poolIndex(pools, step.pool);
        this.emit(Op.Acquire, pool, path);
        this.emit(Op.Call, this.callSite(step.call, path, pools), path);
        this.emit(Op.Release, pool, path);
        return;
      }
      case "parallel":
        this.#fork(step.branches, path, pools);
        return;
      case "choice":
        this.#choice(step.options, { path, pools, cache: -1 });
        return;
      case "cache": {
        const cache = this.caches.push(step.name) - 1;
        const options = [
          { probability: step.hitRatio, steps: step.hit },
          { probability: 1 - step.hitRatio, steps: step.miss },
        ];
        this.#choice(options, { path, pools, cache });
        return;
      }
      case "lookup":
        this.#lookup(step, path, pools);
        return;
      default:
        unreachable(step);
    }
  }

  #lock(
    { lock, each }: Extract<StepSpec, { readonly kind: "lock" }>,
    path: string,
    pools: readonly string[],
  ): void {
    const known = this.tables.indexOf(lock.table);
    const number = known < 0 ? this.tables.push(lock.table) - 1 : known;
    for (let which = 0; which < lock.rows; which++) {
      const transaction = this.#transaction;
      this.emit(Op.Lock, this.#locks.push({ ...lock, number, which, transaction }) - 1, path);
      this.steps(each, `${path}/${which}`, pools);
    }
  }

  /** Locks are held to the end of the outermost transaction. */
  #writeTransaction(
    { pool, steps }: Extract<StepSpec, { readonly kind: "transaction" }>,
    path: string,
    pools: readonly string[],
  ): void {
    const isOutermost = this.#transaction < 0;
    if (isOutermost) this.#transaction = this.#transactions++;
    const number = this.#transaction;
    const taken = pool !== null && this.#connected === null ? poolIndex(pools, pool) : -1;
    if (taken >= 0) {
      this.emit(Op.Acquire, taken, path);
      this.#connected = pool;
    }
    this.steps(steps, path, pools);
    if (isOutermost) {
      this.emit(Op.Unlock, number, path);
      this.#transaction = -1;
    }
    if (taken < 0) return;
    this.emit(Op.Release, taken, path);
    this.#connected = null;
  }

  #lookup(
    step: Extract<StepSpec, { readonly kind: "lookup" }>,
    path: string,
    pools: readonly string[],
  ): void {
    const index = this.#lookups.length;
    const cache = this.caches.push(step.name) - 1;
    this.emit(Op.Lookup, index, path);
    const hit = this.at;
    this.#lookups.push({ ...step.cache, cache, hit, miss: hit });
    this.steps(step.hit, `${path}/0`, pools);
    const exit = this.emit(Op.Jump, 0, path);
    const miss = this.at;
    this.#lookups[index] = { ...step.cache, cache, hit, miss };
    this.steps(step.miss, `${path}/1`, pools);
    this.emit(Op.Fill, index, path);
    this.#x[exit] = this.at;
  }

  callSite(call: CallSpec, path: string, pools: readonly string[] = []): number {
    const service = this.#services.findIndex((candidate) => candidate.name === call.service);
    assert(service >= 0, `no service ${call.service}`);
    const endpoint = this.#services[service]!.endpoints.findIndex(
      (candidate) => candidate.name === call.endpoint,
    );
    assert(endpoint >= 0, `no endpoint ${call.endpoint} of ${call.service}`);
    const name = `${path} ${call.service} ${call.endpoint}`;
    const planned = planCall(call, name);
    if (call.fallback !== null && planned.call?.fallback) {
      const { steps } = call.fallback;
      const entry = { planned: planned.call.fallback, steps, path: `${path}/fallback`, pools };
      this.#fallbacks.push(entry);
    }
    const { revisions } = this.#services[service]!;
    const revision = revisions.findIndex((candidate) => candidate.name === call.revision);
    const { access } = call;
    const site = { hash: nameHash(name), service, endpoint, revision, access, ...planned };
    return this.#sites.push(site) - 1;
  }

  siteAt(index: number): CallSite {
    return this.#sites[index]!;
  }

  get siteCount(): number {
    return this.#sites.length;
  }

  /** Services that call sites written since then lead to. */
  calledSince(count: number): readonly number[] {
    return [...new Set(this.#sites.slice(count).map(({ service }) => service))];
  }

  #fork(branches: readonly (readonly StepSpec[])[], path: string, pools: readonly string[]): void {
    const calls: number[] = [];
    const entries: number[] = [];
    this.emit(Op.Fork, this.#forks.push({ calls, entries }) - 1, path);
    const skip = this.emit(Op.Jump, 0, path);
    branches.forEach((branch, index) => {
      const only = branch.length === 1 ? branch[0] : undefined;
      if (only?.kind === "call") {
        calls.push(this.callSite(only.call, `${path}/${index}/0`, pools));
        return;
      }
      entries.push(this.at);
      this.steps(branch, `${path}/${index}`, pools);
      this.emit(Op.EndBranch, 0, path);
    });
    this.#x[skip] = this.at;
  }

  #choice(
    options: readonly { readonly probability: number; readonly steps: readonly StepSpec[] }[],
    { path, pools, cache }: { path: string; pools: readonly string[]; cache: number },
  ): void {
    const index = this.#choices.length;
    this.emit(Op.Choice, index, path);
    const thresholds = new Float64Array(options.length);
    const targets = new Int32Array(options.length);
    this.#choices.push({ thresholds, targets, otherwise: 0, cache });
    const exits: number[] = [];
    let cumulative = 0;
    options.forEach((option, position) => {
      cumulative += option.probability;
      // The last option takes the rest when the probabilities add up to 1, whatever their rounding.
      thresholds[position] = cumulative > 1 - 1e-12 ? 1 : cumulative;
      targets[position] = this.at;
      this.steps(option.steps, `${path}/${position}`, pools);
      exits.push(this.emit(Op.Jump, 0, path));
    });
    for (const exit of exits) this.#x[exit] = this.at;
    this.#choices[index] = { thresholds, targets, otherwise: this.at, cache };
  }
}

function poolIndex(pools: readonly string[], name: string): number {
  const index = pools.indexOf(name);
  assert(index >= 0, `no pool ${name}`);
  return index;
}
