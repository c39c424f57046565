import { present, unreachable } from "../kernel/assert.ts";
import { type Json, plainState, savedState } from "../kernel/json.ts";
import type { Draw } from "../kernel/keyedDraws.ts";
import { type Micros, micros } from "../kernel/time.ts";
import type {
  DeploymentPolicy,
  DeploymentState,
  DeploymentWrite,
} from "../policy/rollouts/deployment/contract.ts";
import type { DeploymentConfig } from "../policy/rollouts/deployment/spec.ts";
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

/** A change of `spec.paused` during the run. */
export interface PauseChange {
  readonly paused: boolean;
  readonly at: Micros;
}

/** Reason of a rollout that its deadline has passed. */
const TIMED_OUT = "ProgressDeadlineExceeded";
/** More steps than this within one instant are a bug. */
const STEPS_MAX = 1000;

/**
 * Keeps the ReplicaSets of one Deployment as its policy decides: whenever something about them
 * changes, and once per sync period while a rollout has a deadline.
 */
export class DeploymentController implements Controller {
  readonly name: string;
  readonly workload: string;
  readonly #policy: DeploymentPolicy;
  readonly #clock: Clock;
  readonly #platform: Platform;
  readonly #draw: Draw;
  readonly #releases: TemplateReleases;
  readonly #pauses: readonly PauseChange[];
  readonly #pause: Alarm;
  readonly #settling: Settling;
  readonly #deadline: Alarm;
  #state: DeploymentState;
  /** The next deadline check, so that there is never more than one. */
  #nextCheck: Micros | null = null;

  constructor(parts: {
    readonly workload: string;
    readonly policy: DeploymentPolicy;
    readonly config: DeploymentConfig;
    readonly changes: readonly TemplateChange[];
    readonly pauses: readonly PauseChange[];
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
    this.#pauses = parts.pauses;
    this.#pause = clock.alarm(`pause of ${workload}`, (index) => this.#setPaused(index));
    this.#settling = new Settling(`the Deployment ${workload}`, STEPS_MAX, () => this.#step());
    this.#deadline = clock.alarm(`deadline of ${workload}`, () => {
      this.#nextCheck = null;
      this.#settle();
    });
    parts.platform.watch(workload, () => this.#settle());
  }

  get releases(): readonly ReleaseProgress[] {
    return this.#releases.progress;
  }

  /** Reason of the Progressing condition. */
  get reason(): string {
    return this.#state.status.progressing?.reason ?? "NotStarted";
  }

  start(): void {
    this.#settle();
    // A pause comes before a release of the same instant: both are one change of the spec.
    this.#pauses.forEach(({ at }, index) => {
      this.#pause.at(at, index);
    });
    this.#releases.start();
  }

  state(): Json {
    return plainState({
      policy: this.#state,
      releases: this.#releases.state(),
      nextCheck: this.#nextCheck,
    });
  }

  restore(state: Json): void {
    const saved = savedState<{
      policy: DeploymentState;
      releases: ReleasesState;
      nextCheck: Micros | null;
    }>(state);
    this.#state = saved.policy;
    this.#releases.restore(saved.releases);
    this.#nextCheck = saved.nextCheck;
  }

  /** Steps until the policy holds. What it writes may change what it sees, within the instant. */
  #settle(): void {
    if (this.#settling.settle()) this.#notice();
  }

  #step(): boolean {
    const { now } = this.#clock;
    const observation = this.#platform.observeDeployment(this.workload);
    const before = this.reason;
    const { state, decision } = this.#policy.step(this.#state, observation, now, this.#draw);
    this.#state = state;
    switch (decision.kind) {
      case "hold":
        return false;
      case "write":
        this.#record(decision.writes);
        if (this.reason === TIMED_OUT && before !== TIMED_OUT) this.#recordTimeout();
        this.#platform.writeReplicaSets(this.workload, decision.writes);
        return true;
      default:
        return unreachable(decision);
    }
  }

  /** Rolls are told; that an autoscaler's number is passed on is not. */
  #record(writes: readonly DeploymentWrite[]): void {
    for (const write of writes) {
      if (write.kind !== "create" && write.kind !== "update") continue;
      if (this.#releases.isEmpty || write.reason === "OnlyActive") continue;
      const { template, spec, reason } = write;
      this.#tell(`${this.workload} ${template}`, reason, `${template}: ${spec.replicas} replicas`);
    }
  }

  /** Kubernetes does no more about it than to say so. */
  #recordTimeout(): void {
    if (this.#releases.isEmpty) return;
    const { template } = this.#platform.observeDeployment(this.workload);
    const { progressDeadlineSeconds } = this.#state.settings;
    const message = `${template} has made no progress for ${progressDeadlineSeconds} s`;
    this.#tell(`${this.workload} ${template}`, TIMED_OUT, message);
  }

  #setPaused(index: number): void {
    const { paused } = present(this.#pauses[index], "pause");
    const reason = paused ? "DeploymentPaused" : "DeploymentResumed";
    this.#tell(this.workload, reason, paused ? "its rollouts stand still" : "its rollouts go on");
    this.#platform.setPaused(this.workload, paused);
  }

  #tell(subject: string, reason: string, message: string): void {
    const rollout = { controller: this.name, kind: "rollout" } as const;
    this.#platform.record({ ...rollout, subject, reason, message, from: null, to: null });
  }

  /** Takes note of releases that are complete, and of a deadline that is running. */
  #notice(): void {
    const { now } = this.#clock;
    const { progressing, replicas, updatedReplicas, availableReplicas } = this.#state.status;
    const isComplete = progressing?.reason === "NewReplicaSetAvailable";
    if (isComplete) {
      const { replicas: wanted } = this.#platform.observeDeployment(this.workload);
      // The condition may still speak of the release before.
      if (![replicas, updatedReplicas, availableReplicas].every((n) => n === wanted)) return;
      this.#releases.completed(now);
    } else if (this.#nextCheck === null) {
      this.#nextCheck = micros(now + this.#policy.syncPeriod(this.#state));
      this.#deadline.at(this.#nextCheck);
    }
  }
}
