import { unreachable } from "../kernel/assert.ts";
import { type Json, plainState, savedState } from "../kernel/json.ts";
import type { Draw } from "../kernel/keyedDraws.ts";
import type { Micros } from "../kernel/time.ts";
import type {
  StatefulSetPolicy,
  StatefulSetState,
  StatefulSetWrite,
} from "../policy/rollouts/statefulSet/contract.ts";
import type { StatefulSetConfig } from "../policy/rollouts/statefulSet/spec.ts";
import type { Alarm, Clock } from "./clock.ts";
import type { Controller } from "./controller.ts";
import type { Platform } from "./platform.ts";
import {
  type ReleaseProgress,
  type ReleasesState,
  Settling,
  type TemplateChange,
  TemplateReleases,
} from "./templateReleases.ts";

/** More steps than this within one instant are a bug. */
const STEPS_MAX = 10_000;

/** Keeps the pods of one StatefulSet as its policy decides, whenever something of them changes. */
export class StatefulSetController implements Controller {
  readonly name: string;
  readonly workload: string;
  readonly #policy: StatefulSetPolicy;
  readonly #clock: Clock;
  readonly #platform: Platform;
  readonly #draw: Draw;
  readonly #releases: TemplateReleases;
  readonly #settling: Settling;
  readonly #recheck: Alarm;
  #state: StatefulSetState;
  #reason = "NotStarted";
  /** The next look at a pod that is becoming available, so that there is one alarm at a time. */
  #nextCheck: Micros | null = null;

  constructor(parts: {
    readonly workload: string;
    readonly policy: StatefulSetPolicy;
    readonly config: StatefulSetConfig;
    readonly changes: readonly TemplateChange[];
    readonly clock: Clock;
    readonly platform: Platform;
    readonly draw: Draw;
  }) {
    this.name = parts.policy.name;
    this.workload = parts.workload;
    this.#policy = parts.policy;
    this.#clock = parts.clock;
    this.#platform = parts.platform;
    this.#draw = parts.draw;
    this.#state = parts.policy.init(parts.config);
    const { clock, workload } = parts;
    this.#releases = new TemplateReleases({
      ...parts,
      controller: this.name,
      reason: () => this.reason,
    });
    this.#settling = new Settling(`the StatefulSet ${workload}`, STEPS_MAX, () => this.#step());
    this.#recheck = clock.alarm(`pods of ${workload} become available`, () => {
      this.#nextCheck = null;
      this.#settle();
    });
    parts.platform.watch(workload, () => this.#settle());
  }

  get releases(): readonly ReleaseProgress[] {
    return this.#releases.progress;
  }

  /** What it did last, or waits for. */
  get reason(): string {
    return this.#reason;
  }

  start(): void {
    this.#settle();
    this.#releases.start();
  }

  state(): Json {
    return plainState({
      policy: this.#state,
      releases: this.#releases.state(),
      reason: this.#reason,
      nextCheck: this.#nextCheck,
    });
  }

  restore(state: Json): void {
    const saved = savedState<{
      policy: StatefulSetState;
      releases: ReleasesState;
      reason: string;
      nextCheck: Micros | null;
    }>(state);
    this.#state = saved.policy;
    this.#releases.restore(saved.releases);
    this.#reason = saved.reason;
    this.#nextCheck = saved.nextCheck;
  }

  /** Steps until the policy holds. What it writes may change what it sees, within the instant. */
  #settle(): void {
    if (this.#settling.settle()) this.#notice();
  }

  #step(): boolean {
    const observation = this.#platform.observeStatefulSet(this.workload);
    const { now } = this.#clock;
    const { state, decision } = this.#policy.step(this.#state, observation, now, this.#draw);
    this.#state = state;
    this.#reason = decision.reason;
    switch (decision.kind) {
      case "hold":
        if (decision.recheckAt !== null && this.#nextCheck === null) {
          this.#nextCheck = decision.recheckAt;
          this.#recheck.at(decision.recheckAt);
        }
        return false;
      case "write":
        this.#tell(decision.writes);
        this.#platform.writeStatefulSet(this.workload, decision.writes);
        return true;
      default:
        return unreachable(decision);
    }
  }

  /** Replacements of a release are told; that an autoscaler's number is passed on is not. */
  #tell(writes: readonly StatefulSetWrite[]): void {
    for (const write of writes) {
      if (write.kind !== "delete" || write.reason !== "Update") continue;
      const { template } = this.#platform.observeStatefulSet(this.workload);
      this.#record(template, "Update", `pod ${write.ordinal} is replaced`);
    }
  }

  #record(revision: string, reason: string, message: string): void {
    const subject = `${this.workload} ${revision}`;
    const rollout = { controller: this.name, kind: "rollout" } as const;
    this.#platform.record({ ...rollout, subject, reason, message, from: null, to: null });
  }

  /** Takes note of a release that all pods are of. */
  #notice(): void {
    const { now } = this.#clock;
    const { template, replicas, pods } = this.#platform.observeStatefulSet(this.workload);
    if (this.#reason !== "AtRest" || pods.length !== replicas) return;
    const isOfIt = pods.every((pod) => pod.template === template && pod.ready?.status === true);
    if (!isOfIt) return;
    this.#releases.completed(now);
  }
}
