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
  /** How far it was when another release took over; null while none has. */
  readonly superseded: { readonly by: string; readonly reason: string } | null;
}

/** What a snapshot keeps of the releases. */
export interface ReleasesState {
  readonly ends: readonly (Micros | null)[];
  readonly reasons: readonly (string | null)[];
  readonly current: number;
}

/** The releases of one workload: brings each in its time, and remembers when it was complete. */
export class TemplateReleases {
  readonly #changes: readonly TemplateChange[];
  readonly #change: Alarm;
  readonly #reason: () => string;
  #ends: (Micros | null)[];
  /** Of those that another has taken over from: the reason that stood by then. */
  #reasons: (string | null)[];
  /** The release that the template is of; −1 for none yet. */
  #current = -1;

  constructor(parts: {
    /** Name of the policy that carries them out, for the record. */
    readonly controller: string;
    readonly workload: string;
    /** In order of time. */
    readonly changes: readonly TemplateChange[];
    readonly clock: Clock;
    readonly platform: Platform;
    /** What the controller is at. */
    readonly reason: () => string;
  }) {
    const { controller, workload, changes, clock, platform } = parts;
    this.#changes = changes;
    this.#reason = parts.reason;
    this.#ends = changes.map(() => null);
    this.#reasons = changes.map(() => null);
    this.#change = clock.alarm(`template of ${workload} changes`, (index) => {
      const { revision } = present(changes[index], "template change");
      if (this.#current >= 0) this.#reasons[this.#current] = this.#reason();
      this.#current = index;
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
    return this.#changes.map((change, index) => {
      const [end, reason] = [this.#ends[index]!, this.#reasons[index]!];
      const by = this.#changes[index + 1]?.revision;
      const isSuperseded = end === null && reason !== null && by !== undefined;
      return { ...change, end, superseded: isSuperseded ? { by, reason } : null };
    });
  }

  start(): void {
    this.#changes.forEach(({ at }, index) => {
      this.#change.at(at, index);
    });
  }

  /** All replicas are of the wanted template, and available. */
  completed(now: Micros): void {
    if (this.#current >= 0) this.#ends[this.#current] ??= now;
  }

  state(): ReleasesState {
    return { ends: [...this.#ends], reasons: [...this.#reasons], current: this.#current };
  }

  restore({ ends, reasons, current }: ReleasesState): void {
    this.#ends = [...ends];
    this.#reasons = [...reasons];
    this.#current = current;
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
