import { type Json, savedState } from "../../kernel/json.ts";

/**
 * States of policies that run for every call: of each use in the plan one for every replica that
 * applies it, or one that all share. The edge, which is no replica, has one of its own.
 */
export class Instances {
  /** By use, then by replica (−1 for the edge). */
  #states = new Map<number, Map<number, Json>>();

  of(use: number, replica: number, create: () => Json): Json {
    let states = this.#states.get(use);
    if (states === undefined) {
      states = new Map();
      this.#states.set(use, states);
    }
    let state = states.get(replica);
    if (state === undefined) {
      state = create();
      states.set(replica, state);
    }
    return state;
  }

  /** A process is gone, and what it knew. */
  forget(replica: number): void {
    for (const states of this.#states.values()) states.delete(replica);
  }

  state(): Json {
    return [...this.#states].map(([use, states]) => [use, [...states].map((entry) => [...entry])]);
  }

  restore(state: Json): void {
    const saved = structuredClone(savedState<[number, [number, Json][]][]>(state));
    this.#states = new Map(saved.map(([use, states]) => [use, new Map(states)]));
  }
}
