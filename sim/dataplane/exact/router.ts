import { type Json, plainState, savedState } from "../../kernel/json.ts";
import type { KeyedDraws } from "../../kernel/keyedDraws.ts";
import type { Balancer } from "../../policy/balancers/balancer.ts";
import { createBalancer } from "../../policy/balancers/index.ts";
import type { RouteRule } from "../../policy/rollout.ts";
import type { AttributeSampler } from "../../workload/attributes.ts";
import { nameHash } from "../callplan/names.ts";
import type { PlannedService } from "../callplan/plan.ts";
import { type CallTable, INT, REAL } from "./callTable.ts";
import type { Endpoints } from "./endpoints.ts";
import type { Outliers } from "./outliers.ts";
import type { PlaneParts } from "./parts.ts";
import type { ReplicaTable } from "./replicaTable.ts";

const { ATTEMPT, KEY, TRAFFIC } = INT;
const { REQUEST } = REAL;

const ROUTE_SITE = 0x52000000;
const BALANCER_SITE = 0x53000000;

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
  /** By service and revision. */
  readonly #balancers: Balancer[][];
  readonly #rules: (readonly CompiledRule[])[];
  readonly #routes: (readonly RouteRule[])[];

  constructor(parts: PlaneParts, endpoints: Endpoints, outliers: Outliers) {
    const { services } = parts.plan;
    this.#services = services;
    this.#draws = parts.draws;
    this.#rows = parts.rows;
    this.#replicas = parts.replicas;
    this.#attributes = parts.attributes;
    this.#endpoints = endpoints;
    this.#outliers = outliers;
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
  choose(service: number, row: number): number {
    const isRouted = this.#rules[service]!.length > 0;
    const revision = isRouted ? this.#revision(service, row) : 0;
    const known = this.#endpoints.of(service, isRouted ? revision : -1, row);
    const endpoints =
      this.#services[service]!.outlierDetection === null
        ? known
        : this.#outliers.healthy(service, row, this.#endpoints.of(service, -1, row), known);
    const count = endpoints.length;
    if (count === 0) return -1;
    if (count === 1) return endpoints[0]!;
    const balancer = this.#balancers[service]![revision]!;
    const rows = this.#rows;
    const draw = balancer.needsDraw
      ? this.#draws.uniform(
          rows.real[row + REQUEST]!,
          rows.int[row + KEY]! ^ BALANCER_SITE,
          rows.int[row + ATTEMPT]!,
        )
      : 0;
    return endpoints[balancer.pick(endpoints, this.#replicas.outstanding, draw)]!;
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
