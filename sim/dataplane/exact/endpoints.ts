import { type Json, savedState } from "../../kernel/json.ts";
import type { KeyedDraws } from "../../kernel/keyedDraws.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import { roundHalfEven } from "../../kernel/time.ts";
import {
  compileDistribution,
  type DistributionSpec,
  type TimeDistribution,
} from "../../workload/distributions.ts";
import type { PlannedService } from "../callplan/plan.ts";
import { type CallTable, INT } from "./callTable.ts";
import type { PlaneParts } from "./parts.ts";
import type { ReplicaTable } from "./replicaTable.ts";

const { PARENT, REPLICA } = INT;

const LEARNING_SITE = 0x5a000000;

/** The endpoints of a service, all of them and by revision. */
interface EndpointLists {
  readonly all: Int32Array;
  readonly byRevision: readonly Int32Array[];
}

/** A list that the control plane has published and that not all callers have heard of. */
interface Published {
  readonly version: number;
  readonly replicas: readonly number[];
  /** Callers that will still hear of it. */
  left: number;
}

/**
 * The endpoints that callers know. Without a lag of their own all share one list. With it, each
 * calling service, and the edge, learns of every list when it has reached the proxies that serve
 * it (kube-proxy, Envoy): a draw of its own. News that are overtaken by later ones are dropped.
 */
export class Endpoints {
  readonly #simulation: Simulation;
  readonly #draws: KeyedDraws;
  readonly #services: readonly PlannedService[];
  readonly #rows: CallTable;
  readonly #replicas: ReplicaTable;
  readonly #lag: TimeDistribution | null;
  readonly #learning: number;
  /** By caller and service: the edge is caller 0, service n is caller n + 1. */
  readonly #known: EndpointLists[][];
  /** What all share when there is no lag. */
  readonly #ofAll: EndpointLists[];
  readonly #knownVersion: number[][];
  /** By service. */
  readonly #versions: number[];
  readonly #published: Published[][];
  /** By service: the callers that may call it. */
  readonly #callersOf: readonly (readonly number[])[];
  readonly #heard: (replica: number) => void;

  /** `heard`: all that may call the replica know it. */
  constructor(parts: PlaneParts, lag: DistributionSpec | null, heard: (replica: number) => void) {
    const { services, traffic } = parts.plan;
    this.#heard = heard;
    this.#callersOf = services.map((_, service) => {
      const among = services.flatMap(({ calls }, n) => (calls.includes(service) ? [n + 1] : []));
      return traffic.some(({ calls }) => calls.includes(service)) ? [0, ...among] : among;
    });
    this.#simulation = parts.simulation;
    this.#draws = parts.draws;
    this.#services = services;
    this.#rows = parts.rows;
    this.#replicas = parts.replicas;
    this.#lag = lag === null ? null : compileDistribution(lag);
    const callers = Array.from({ length: lag === null ? 1 : services.length + 1 }, (_, n) => n);
    this.#known = callers.map(() => services.map((_, service) => this.#split(service, [])));
    this.#ofAll = this.#known[0]!;
    this.#knownVersion = callers.map(() => services.map(() => 0));
    this.#versions = services.map(() => 0);
    this.#published = services.map(() => []);
    this.#learning = parts.simulation.register("caller learns endpoints", (pair, version) => {
      const caller = pair % this.#known.length;
      this.#learn(caller, (pair - caller) / this.#known.length, version);
    });
  }

  /** As the control plane publishes them. Callers that are there when the run begins know them. */
  set(service: number, replicas: readonly number[]): void {
    const callers = this.#known.length;
    const { now } = this.#simulation;
    if (this.#lag === null || now === 0) {
      for (const known of this.#known) known[service] = this.#split(service, replicas);
      this.#tell(service, replicas);
      return;
    }
    const version = ++this.#versions[service]!;
    this.#published[service]!.push({ version, replicas: [...replicas], left: callers });
    for (let caller = 0; caller < callers; caller++) {
      const name = caller === 0 ? 0 : this.#services[caller - 1]!.hash;
      const key = LEARNING_SITE ^ this.#services[service]!.hash ^ Math.imul(name, 0x2c1b3c6d);
      const lag = roundHalfEven(this.#lag.sample(this.#draws, version, key, 0));
      this.#simulation.scheduleAfter(lag, this.#learning, service * callers + caller, version);
    }
    // Consumers of messages that nobody calls.
    if (this.#callersOf[service]!.length === 0) this.#tell(service, replicas);
  }

  /** What the caller of this call knows; `revision` −1 stands for all. */
  of(service: number, revision: number, row: number): Int32Array {
    const known = this.#lag === null ? this.#ofAll : this.#known[this.#callerOf(row)]!;
    const lists = known[service]!;
    return revision < 0 ? lists.all : lists.byRevision[revision]!;
  }

  state(): Json {
    return {
      known: this.#known.map((lists) => lists.map(({ all }) => Array.from(all))),
      knownVersion: this.#knownVersion.map((versions) => [...versions]),
      versions: [...this.#versions],
      published: this.#published.map((lists) =>
        lists.map(({ version, replicas, left }) => ({ version, replicas, left })),
      ),
    };
  }

  /** After the replicas, whose revisions it needs. */
  restore(state: Json): void {
    const saved = savedState<EndpointsState>(state);
    saved.known.forEach((lists, caller) => {
      lists.forEach((replicas, service) => {
        this.#known[caller]![service] = this.#split(service, replicas);
        this.#knownVersion[caller]![service] = saved.knownVersion[caller]![service]!;
      });
    });
    saved.published.forEach((lists, service) => {
      this.#versions[service] = saved.versions[service]!;
      this.#published[service] = lists.map((list) => ({ ...list }));
    });
  }

  #learn(caller: number, service: number, version: number): void {
    const published = this.#published[service]!;
    const index = published.findIndex((list) => list.version === version);
    const list = published[index]!;
    if (version > this.#knownVersion[caller]![service]!) {
      this.#knownVersion[caller]![service] = version;
      this.#known[caller]![service] = this.#split(service, list.replicas);
      if (this.#callersOf[service]!.includes(caller)) this.#tell(service, list.replicas);
    }
    if (--list.left === 0) published.splice(index, 1);
  }

  /** Whom of these everybody knows by now. */
  #tell(service: number, replicas: readonly number[]): void {
    const isShared = this.#known.length === 1;
    const lists = isShared
      ? []
      : this.#callersOf[service]!.map((caller) => this.#known[caller]![service]!.all);
    for (const replica of replicas) {
      if (lists.every((known) => known.includes(replica))) this.#heard(replica);
    }
  }

  #split(service: number, replicas: readonly number[]): EndpointLists {
    const byRevision: number[][] = this.#services[service]!.revisions.map(() => []);
    for (const replica of replicas) byRevision[this.#replicas.revision[replica]!]!.push(replica);
    return {
      all: Int32Array.from(replicas),
      byRevision: byRevision.map((list) => Int32Array.from(list)),
    };
  }

  #callerOf(row: number): number {
    const { int } = this.#rows;
    const replica = int[int[row + PARENT]! + REPLICA]!;
    return replica < 0 ? 0 : this.#replicas.service[replica]! + 1;
  }
}

interface EndpointsState {
  readonly known: readonly (readonly (readonly number[])[])[];
  readonly knownVersion: readonly (readonly number[])[];
  readonly versions: readonly number[];
  readonly published: readonly (readonly Published[])[];
}
