import { type Json, plainState, savedState } from "../../kernel/json.ts";
import type { KeyedDraws } from "../../kernel/keyedDraws.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import type { Balancer } from "../../policy/balancers/balancer.ts";
import { createBalancer, type HashKey } from "../../policy/balancers/index.ts";
import type { RouteRule } from "../../policy/rollout.ts";
import type { AttributeSampler } from "../../workload/attributes.ts";
import { nameHash } from "../callplan/names.ts";
import type { CallSite, PlannedService } from "../callplan/plan.ts";
import { type CallTable, INT, REAL } from "./callTable.ts";
import type { Endpoints } from "./endpoints.ts";
import type { Outliers } from "./outliers.ts";
import type { PlaneParts } from "./parts.ts";
import type { ReplicaTable } from "./replicaTable.ts";
import type { Shards } from "./shards.ts";

const { ATTEMPT, KEY, PARENT, REPLICA, TRAFFIC } = INT;
const { REQUEST } = REAL;

const ROUTE_SITE = 0x52000000;
const BALANCER_SITE = 0x53000000;
const SLOW_START_SITE = 0x5e000000;
/** The least share of its part that a new endpoint gets, as in Envoy. */
const SLOW_START_LEAST = 0.1;

/**
 * A route rule with revisions and names resolved. Canaries come first in the cumulative weights.
 */
interface CompiledRule {
  readonly rule: RouteRule;
  readonly users: ReadonlySet<number>;
  /** What a sticky rule hashes users with. */
  readonly flagHash: number;
  /** Revisions in reverse order, so that a growing canary keeps the requests that it had. */
  readonly revisions: readonly number[];
  readonly thresholds: readonly number[];
}

/**
 * Chooses the replica of each call: first the revision by the routes, then the endpoint by the
 * balancer.
 */
export class Router {
  readonly #services: readonly PlannedService[];
  readonly #draws: KeyedDraws;
  readonly #rows: CallTable;
  readonly #replicas: ReplicaTable;
  readonly #attributes: readonly AttributeSampler[];
  readonly #endpoints: Endpoints;
  readonly #outliers: Outliers;
  readonly #shards: Shards;
  readonly #simulation: Simulation;
  /** By service: its balancer chooses among all endpoints that a caller knows. */
  readonly #isPlain: readonly boolean[];
  readonly #byZone = new WeakMap<Int32Array, Map<number, Int32Array>>();
  /** By service and revision. */
  readonly #balancers: Balancer[][];
  readonly #rules: (readonly CompiledRule[])[];
  readonly #routes: (readonly RouteRule[])[];

  constructor(
    parts: PlaneParts,
    others: {
      readonly endpoints: Endpoints;
      readonly outliers: Outliers;
      readonly shards: Shards;
    },
  ) {
    const { services } = parts.plan;
    this.#services = services;
    this.#draws = parts.draws;
    this.#rows = parts.rows;
    this.#replicas = parts.replicas;
    this.#attributes = parts.attributes;
    this.#endpoints = others.endpoints;
    this.#outliers = others.outliers;
    this.#shards = others.shards;
    this.#simulation = parts.simulation;
    this.#isPlain = services.map(
      ({ outlierDetection, prefersClose, slowStart, balancer, replication }) =>
        replication === null &&
        outlierDetection === null &&
        !prefersClose &&
        slowStart === null &&
        balancer.kind !== "consistent-hash",
    );
    this.#balancers = services.map((service) =>
      service.revisions.map(() => createBalancer(service.balancer)),
    );
    this.#rules = services.map(() => []);
    this.#routes = services.map(() => []);
  }

  setRoutes(service: number, routes: readonly RouteRule[]): void {
    const { revisions, hash } = this.#services[service]!;
    this.#routes[service] = routes;
    this.#rules[service] = routes.map((rule) => {
      const order: number[] = [];
      const thresholds: number[] = [];
      let cumulative = 0;
      for (let index = revisions.length - 1; index >= 0; index--) {
        const weight = rule.weights[revisions[index]!.name] ?? 0;
        if (weight <= 0) continue;
        cumulative += weight;
        order.push(index);
        thresholds.push(cumulative);
      }
      const users = new Set((rule.match.users ?? []).map(Number));
      const { flag } = rule;
      const flagHash = flag === undefined ? hash : hash ^ nameHash(`flag ${flag}`);
      return { rule, users, flagHash, revisions: order, thresholds };
    });
  }

  /** The replica for this call, or −1 when callers know none. */
  choose({ service, revision: meant }: CallSite, row: number): number {
    let revision = -1;
    if (meant >= 0 && this.#endpoints.of(service, meant, row).length > 0) revision = meant;
    else if (this.#rules[service]!.length > 0) revision = this.#revision(service, row);
    const known = this.#endpoints.of(service, revision, row);
    const balancer = this.#balancers[service]![Math.max(revision, 0)]!;
    if (!this.#isPlain[service]!) return this.#chooseWithCare(service, row, known, balancer);
    const count = known.length;
    if (count === 0) return -1;
    if (count === 1) return known[0]!;
    const draw = balancer.needsDraw ? this.#draw(row, BALANCER_SITE) : 0;
    return known[balancer.pick(known, this.#replicas.outstanding, draw)]!;
  }

  /** The same where callers leave endpoints out, hash requests or spare new replicas. */
  #chooseWithCare(service: number, row: number, known: Int32Array, balancer: Balancer): number {
    const { slowStart, balancer: spec, replication } = this.#services[service]!;
    if (replication !== null) return this.#shards.choose(service, row);
    const endpoints = this.#narrow(service, row, known);
    if (endpoints.length === 0) return -1;
    const load = this.#replicas.outstanding;
    const draw =
      spec.kind === "consistent-hash"
        ? this.#hash(service, row, spec.key)
        : this.#draw(row, BALANCER_SITE);
    const picked = endpoints[balancer.pick(endpoints, load, draw)]!;
    if (slowStart === null || !this.#isTooNew(row, picked, slowStart)) return picked;
    const warm = endpoints.filter((replica) => this.#age(replica) >= slowStart);
    return warm.length === 0 ? picked : warm[balancer.pick(warm, load, draw)]!;
  }

  #draw(row: number, site: number): number {
    const { int, real } = this.#rows;
    return this.#draws.uniform(real[row + REQUEST]!, int[row + KEY]! ^ site, int[row + ATTEMPT]!);
  }

  /** Of the endpoints that a caller knows, those that it may call now. */
  #narrow(service: number, row: number, known: Int32Array): Int32Array {
    const { outlierDetection, prefersClose } = this.#services[service]!;
    const healthy =
      outlierDetection === null
        ? known
        : this.#outliers.healthy(service, row, this.#endpoints.of(service, -1, row), known);
    if (!prefersClose) return healthy;
    const { int } = this.#rows;
    const caller = int[int[row + PARENT]! + REPLICA]!;
    if (caller < 0) return healthy;
    const close = this.#inZone(healthy, this.#replicas.zone[caller]!);
    return close.length === 0 ? healthy : close;
  }

  /** Lists never change, so what was found in one stays right. */
  #inZone(endpoints: Int32Array, zone: number): Int32Array {
    let zones = this.#byZone.get(endpoints);
    if (zones === undefined) {
      zones = new Map();
      this.#byZone.set(endpoints, zones);
    }
    let list = zones.get(zone);
    if (list === undefined) {
      list = endpoints.filter((replica) => this.#replicas.zone[replica] === zone);
      zones.set(zone, list);
    }
    return list;
  }

  /** The hash of what requests have in common, the same for all that have it. */
  #hash(service: number, row: number, key: HashKey): number {
    const { int, real } = this.#rows;
    const attributes = this.#attributes[int[row + TRAFFIC]!]!;
    const value = attributes[key](real[row + REQUEST]!);
    return this.#draws.uniform(value, this.#services[service]!.hash ^ BALANCER_SITE, 0);
  }

  /** Whether a new endpoint is spared this call: it takes its part of them step by step. */
  #isTooNew(row: number, replica: number, window: number): boolean {
    const age = this.#age(replica);
    if (age >= window) return false;
    return this.#draw(row, SLOW_START_SITE) >= Math.max(SLOW_START_LEAST, age / window);
  }

  #age(replica: number): number {
    return this.#simulation.now - this.#replicas.publishedAt[replica]!;
  }

  state(): Json {
    return {
      balancers: this.#balancers.map((list) => list.map((balancer) => balancer.state())),
      routes: plainState(this.#routes),
    };
  }

  restore(state: Json): void {
    const saved = savedState<RouterState>(state);
    saved.balancers.forEach((states, service) => {
      states.forEach((value, revision) => {
        this.#balancers[service]![revision]!.restore(value);
      });
    });
    saved.routes.forEach((routes, service) => {
      this.setRoutes(service, routes);
    });
  }

  #revision(service: number, row: number): number {
    const rows = this.#rows;
    const request = rows.real[row + REQUEST]!;
    const attributes = this.#attributes[rows.int[row + TRAFFIC]!]!;
    for (const compiled of this.#rules[service]!) {
      const { sticky } = compiled.rule;
      if (!matches(compiled, attributes, request)) continue;
      // A user's draw depends on flag and user only: whoever has the flag keeps it.
      const draw =
        sticky === "user"
          ? this.#draws.uniform(attributes.user(request), compiled.flagHash, 0)
          : this.#draws.uniform(
              request,
              rows.int[row + KEY]! ^ ROUTE_SITE,
              rows.int[row + ATTEMPT]!,
            );
      const { thresholds, revisions } = compiled;
      for (let i = 0; i < thresholds.length - 1; i++) {
        if (draw < thresholds[i]!) return revisions[i]!;
      }
      return revisions[thresholds.length - 1] ?? 0;
    }
    return 0;
  }
}

function matches(compiled: CompiledRule, attributes: AttributeSampler, request: number): boolean {
  const { region, tenant, users } = compiled.rule.match;
  const { spec } = attributes;
  if (region !== undefined && spec.regions[attributes.region(request)]?.name !== region)
    return false;
  if (tenant !== undefined && spec.tenants[attributes.tenant(request)]?.name !== tenant)
    return false;
  return users === undefined || compiled.users.has(attributes.user(request));
}

interface RouterState {
  readonly balancers: readonly (readonly number[])[];
  readonly routes: readonly (readonly RouteRule[])[];
}
