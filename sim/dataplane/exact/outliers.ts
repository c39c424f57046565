import type { Json } from "../../kernel/json.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import {
  type OutlierDetectionState,
  outlierDetection,
} from "../../policy/resilience/outlier/outlierDetection.ts";
import type { PlannedService } from "../callplan/plan.ts";
import { DEADLINE_EXCEEDED, ERROR, OK, TIMEOUT } from "../failure.ts";
import { type CallTable, FLAG, INT } from "./callTable.ts";
import { Instances } from "./instances.ts";
import type { PlaneParts } from "./parts.ts";

const { FLAGS, PARENT, PARENT_GENERATION, REPLICA } = INT;
const { RELAYED } = FLAG;

/** With a smaller share of healthy endpoints their health counts for nothing: Envoy's panic. */
const PANIC_SHARE = 0.5;

/** What a caller knows of the endpoints of a service. */
interface View {
  readonly state: OutlierDetectionState;
  /** The endpoints that the state was told of, and a list with those that are healthy. */
  told: Int32Array | null;
  asked: Int32Array | null;
  healthy: Int32Array | null;
}

/**
 * Outlier detection at callers: each replica, and the edge, ejects endpoints whose answers to it
 * are failures, and calls others meanwhile.
 */
export class Outliers {
  readonly #simulation: Simulation;
  readonly #services: readonly PlannedService[];
  readonly #rows: CallTable;
  readonly #states = new Instances();
  /** Beside the states: what follows from them. */
  #views = new WeakMap<object, View>();

  constructor(parts: PlaneParts) {
    this.#simulation = parts.simulation;
    this.#services = parts.plan.services;
    this.#rows = parts.rows;
  }

  /** Those of `endpoints` that the caller of this call has not ejected; `all` has every one. */
  healthy(service: number, row: number, all: Int32Array, endpoints: Int32Array): Int32Array {
    const view = this.#view(service, this.#rows.int[this.#rows.int[row + PARENT]! + REPLICA]!);
    const { state } = view;
    const { now } = this.#simulation;
    if (now >= state.nextSweep) this.#see(view, outlierDetection.onTimer(state, now).length);
    if (view.told !== all) tell(view, all);
    if (view.healthy !== null && view.asked === endpoints) return view.healthy;
    const healthy = endpoints.filter((replica) => !outlierDetection.isEjected(state, replica));
    view.asked = endpoints;
    view.healthy = healthy.length < PANIC_SHARE * endpoints.length ? endpoints : healthy;
    return view.healthy;
  }

  /** An attempt has ended, as its caller sees it. */
  ended(service: number, row: number, reason: number): void {
    const { int } = this.#rows;
    const [parent, host] = [int[row + PARENT]!, int[row + REPLICA]!];
    if (host < 0 || !this.#rows.is(parent, int[row + PARENT_GENERATION]!)) return;
    const view = this.#view(service, int[parent + REPLICA]!);
    const code = codeOf(reason, (int[row + FLAGS]! & RELAYED) !== 0);
    const { now } = this.#simulation;
    this.#see(view, outlierDetection.onResponse(view.state, { host, code }, now).length);
  }

  /** A process is gone, and what it knew. */
  forget(replica: number): void {
    this.#states.forget(replica);
  }

  state(): Json {
    return this.#states.state();
  }

  restore(state: Json): void {
    this.#states.restore(state);
    this.#views = new WeakMap();
  }

  #see(view: View, events: number): void {
    if (events > 0) view.healthy = null;
  }

  #view(service: number, replica: number): View {
    const { hash, outlierDetection: config } = this.#services[service]!;
    const state = this.#states.of(hash, replica, () =>
      outlierDetection.init(config!, this.#simulation.now),
    ) as OutlierDetectionState; // made here only
    let view = this.#views.get(state);
    if (view === undefined) {
      view = { state, told: null, asked: null, healthy: null };
      this.#views.set(state, view);
    }
    return view;
  }
}

/** Endpoints that are new are hosts from now on, and those that are gone no more. */
function tell(view: View, all: Int32Array): void {
  const { state } = view;
  const listed = new Set(all);
  state.hosts.forEach((host, replica) => {
    if (host !== null && !listed.has(replica)) outlierDetection.removeHost(state, replica);
  });
  for (const replica of all) {
    if ((state.hosts[replica] ?? null) === null) outlierDetection.addHost(state, replica);
  }
  view.told = all;
  view.healthy = null;
}

/** The status code that Envoy makes of an ending. */
function codeOf(reason: number, isRelayed: boolean): number {
  if (reason === OK) return 200;
  if (isRelayed || reason === ERROR) return 500;
  return reason === TIMEOUT || reason === DEADLINE_EXCEEDED ? 504 : 503;
}
