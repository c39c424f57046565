import type { Json } from "../kernel/json.ts";
import type { Draw } from "../kernel/keyedDraws.ts";
import type { Micros } from "../kernel/time.ts";

/**
 * One thing that is wrong with a policy's configuration; `path` leads to it from the
 * configuration's root.
 */
export interface ConfigProblem {
  readonly path: readonly (string | number)[];
  readonly expected: string;
  readonly received: string;
}

export interface Step<State, Decision> {
  readonly state: State;
  readonly decision: Decision;
}

/**
 * A policy is a pure state machine. It sees only what a real controller sees (`Observation`), keeps
 * its whole memory in a plain JSON `State` (it can be snapshotted, and shared through a store by
 * several processes), takes the time as an argument, and draws random numbers only from the
 * caller's keyed source. Its decision is tagged data with a reason; whoever runs it carries the
 * decision out and adds none of its own. A policy owns its bounds.
 *
 * Request-level policies (breakers, budgets, limiters) may change `state` in place and return it:
 * they run for every request. Policies at the rate of a control loop must not.
 */
export interface Policy<Config, State extends Json, Observation, Decision> {
  readonly name: string;
  /** Every problem of a configuration as written, before defaults. Nothing is changed. */
  validate(config: unknown): readonly ConfigProblem[];
  /** First state of a valid configuration, defaults filled in. */
  init(config: Config): State;
  /** How often a control loop calls `step`. */
  syncPeriod(state: State): Micros;
  step(state: State, observation: Observation, now: Micros, draw: Draw): Step<State, Decision>;
}

/** Requests that a flow carried past a request-level policy during one step of a fluid model. */
export interface FlowCounts {
  readonly offered: number;
  readonly succeeded: number;
  readonly failed: number;
}

/**
 * A policy of the request path. `step` decides on one request or takes note of one outcome;
 * `advance` does the same for a flow of many requests over `dt`, for data planes in which single
 * requests do not exist.
 */
export interface RequestPolicy<Config, State extends Json, Observation, Decision>
  extends Policy<Config, State, Observation, Decision> {
  advance(state: State, now: Micros, dt: Micros, counts: FlowCounts): State;
}
