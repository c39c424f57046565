import { assert, present } from "../kernel/assert.ts";
import type { Micros } from "../kernel/time.ts";
import type { Alarm, Clock } from "./clock.ts";
import type { Platform } from "./platform.ts";

/** A change of the pod template during the run: what a release is to a workload. */
export interface TemplateChange {
  readonly revision: string;
  readonly at: Micros;
}

/** How a release went. */
export interface ReleaseProgress extends TemplateChange {
  /** When all replicas were of it and available; null while they are not. */
  readonly end: Micros | null;
}

/** The releases of one workload: brings each in its time, and remembers when it was complete. */
export class TemplateReleases {
  readonly #changes: readonly TemplateChange[];
  readonly #change: Alarm;
  #ends: (Micros | null)[];

  constructor(parts: {
    /** Name of the policy that carries them out, for the record. */
    readonly controller: string;
    readonly workload: string;
    readonly changes: readonly TemplateChange[];
    readonly clock: Clock;
    readonly platform: Platform;
  }) {
    const { controller, workload, changes, clock, platform } = parts;
    this.#changes = changes;
    this.#ends = changes.map(() => null);
    this.#change = clock.alarm(`template of ${workload} changes`, (index) => {
      const { revision } = present(changes[index], "template change");
      platform.record({
        controller,
        subject: `${workload} ${revision}`,
        kind: "rollout",
        reason: "NewRevision",
        message: `the pod template changes to ${revision}`,
        from: null,
        to: null,
      });
      platform.setTemplate(workload, revision);
    });
  }

  get isEmpty(): boolean {
    return this.#changes.length === 0;
  }

  get progress(): readonly ReleaseProgress[] {
    return this.#changes.map((change, index) => ({ ...change, end: this.#ends[index]! }));
  }

  start(): void {
    this.#changes.forEach(({ at }, index) => {
      this.#change.at(at, index);
    });
  }

  /** All replicas are of this template, and available. */
  completed(template: string, now: Micros): void {
    this.#changes.forEach(({ revision, at }, index) => {
      if (revision === template && at <= now) this.#ends[index] ??= now;
    });
  }

  state(): (Micros | null)[] {
    return [...this.#ends];
  }

  restore(ends: readonly (Micros | null)[]): void {
    this.#ends = [...ends];
  }
}

/**
 * Takes steps until there is none to take. What a step does may call for more of them, within the
 * instant: that is heard once, not twice.
 */
export class Settling {
  readonly #name: string;
  readonly #most: number;
  readonly #step: () => boolean;
  #isUnderWay = false;

  /** `step` is false when it had nothing to do; more than `most` in one instant are a bug. */
  constructor(name: string, most: number, step: () => boolean) {
    this.#name = name;
    this.#most = most;
    this.#step = step;
  }

  /** False when it is under way already. */
  settle(): boolean {
    if (this.#isUnderWay) return false;
    this.#isUnderWay = true;
    for (let step = 0; ; step++) {
      assert(step < this.#most, `${this.#name} does not come to rest`);
      if (!this.#step()) break;
    }
    this.#isUnderWay = false;
    return true;
  }
}
