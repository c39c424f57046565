import { micros, toMillis } from "../../sim/kernel/time.ts";
import type { Model } from "../../sim/scenario/build/model.ts";

/** What the data plane told its listener, with the time in milliseconds. */
export interface Heard {
  readonly at: number;
  readonly what: string;
}

/** Takes the cluster's place as the listener of a model's data plane. */
export function listenTo(model: Model): readonly Heard[] {
  const heard: Heard[] = [];
  const hear = (what: string): void => {
    heard.push({ at: toMillis(model.simulation.now), what });
  };
  model.plane.attach({
    drained: (replica) => hear(`${replica} drained`),
    probed: (replica, token, ok) => hear(`${replica} probe ${token} ${ok ? "ok" : "failed"}`),
    outOfMemory: (replica) => hear(`${replica} out of memory`),
    // Tests look at what callers do with what they know.
    heard: () => undefined,
  });
  return heard;
}

export const runTo = (model: Model, ms: number): void => model.run(micros(ms * 1000));

/** What a container of the scenario's first service is started with. */
export const START = {
  replica: 0,
  service: 0,
  revision: 0,
  zone: 0,
  cores: 1,
  parallelism: 8,
  memoryLimitBytes: null,
} as const;
