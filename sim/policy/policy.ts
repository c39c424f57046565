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
 * A step changes nothing in place. Policies that run for every request (breakers, budgets,
 * limiters) have a face of their own: resilience/admission.ts.
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
