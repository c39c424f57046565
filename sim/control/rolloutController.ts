import { unreachable } from "../kernel/assert.ts";
import { type Json, plainState, savedState } from "../kernel/json.ts";
import type { Draw } from "../kernel/keyedDraws.ts";
import { type Micros, micros } from "../kernel/time.ts";
import type { RolloutDecision, RolloutObservation, RolloutPolicy } from "../policy/rollout.ts";
import type { Alarm, Clock } from "./clock.ts";
import type { Controller } from "./controller.ts";
import type { Platform } from "./platform.ts";

/** One stage of a rollout as it went. */
export interface RolloutStage {
  readonly stage: number;
  /** Share of the traffic, 0 … 1. */
  readonly weight: number;
  readonly start: Micros;
  requests: number;
  failures: number;
}

export interface RolloutProgress {
  readonly outcome: "promoted" | "rolled-back" | "unfinished";
  readonly reason: string;
  readonly end: Micros | null;
  readonly stages: readonly RolloutStage[];
}

/** Rolls one revision out as its policy decides, until it is promoted or rolled back. */
export class RolloutController implements Controller {
  readonly name: string;
  readonly workload: string;
  readonly revision: string;
  readonly startTime: Micros;
  readonly #policy: RolloutPolicy;
  readonly #clock: Clock;
  readonly #platform: Platform;
  readonly #draw: Draw;
  readonly #alarm: Alarm;
  #state: Json;
  #progress: RolloutProgress;
  #stages: RolloutStage[] = [];

  constructor(parts: {
    readonly workload: string;
    readonly revision: string;
    readonly policy: RolloutPolicy;
    readonly config: unknown;
    readonly start: Micros;
    readonly clock: Clock;
    readonly platform: Platform;
    readonly draw: Draw;
  }) {
    this.name = parts.policy.name;
    this.workload = parts.workload;
    this.revision = parts.revision;
    this.startTime = parts.start;
    this.#policy = parts.policy;
    this.#clock = parts.clock;
    this.#platform = parts.platform;
    this.#draw = parts.draw;
    this.#state = parts.policy.init(parts.config);
    this.#progress = { outcome: "unfinished", reason: "not started", end: null, stages: [] };
    const name = `${this.name} of ${parts.workload} to ${parts.revision}`;
    this.#alarm = parts.clock.alarm(name, () => this.#tick());
  }

  get progress(): RolloutProgress {
    return { ...this.#progress, stages: this.#stages };
  }

  start(): void {
    this.#alarm.at(this.startTime);
  }

  state(): Json {
    return plainState({
      policy: this.#state,
      progress: this.#progress,
      stages: this.#stages,
    });
  }

  restore(state: Json): void {
    const saved = savedState<{
      policy: Json;
      progress: RolloutProgress;
      stages: RolloutStage[];
    }>(state);
    this.#state = saved.policy;
    this.#progress = saved.progress;
    this.#stages = saved.stages.map((stage) => ({ ...stage }));
  }

  #tick(): void {
    const { now } = this.#clock;
    if (now === this.startTime) this.#platform.startRevision(this.workload, this.revision);
    const observation = this.#platform.observeRollout(this.workload, this.revision);
    const stage = this.#stages.at(-1);
    if (stage !== undefined) {
      stage.requests = observation.canary.requests;
      stage.failures = observation.canary.failures;
    }
    const { state, decision } = this.#policy.step(this.#state, observation, now, this.#draw);
    this.#state = state;
    this.#carryOut(decision, observation, now);
    if (this.#progress.end === null) {
      this.#alarm.at(micros(now + this.#policy.syncPeriod(state)));
    }
  }

  #carryOut(decision: RolloutDecision, observation: RolloutObservation, now: Micros): void {
    const platform = this.#platform;
    switch (decision.kind) {
      case "hold":
        return;
      case "advance": {
        const weight = decision.routes.at(-1)?.weights[this.revision] ?? 0;
        const before = observation.canary.weight;
        this.#record(decision.reason, before, weight);
        for (const [revision, replicas] of Object.entries(decision.replicas)) {
          platform.scaleRevision(this.workload, revision, replicas);
        }
        platform.setRoutes(this.workload, decision.routes);
        if (decision.resetCounters) platform.resetRevisionCounters(this.workload);
        if (weight !== before) {
          const { stage } = decision;
          this.#stages.push({ stage, weight, start: now, requests: 0, failures: 0 });
        }
        return;
      }
      case "promote":
        this.#record(decision.reason, observation.canary.weight, 1);
        platform.promoteRevision(this.workload, this.revision);
        this.#finish("promoted", decision.reason, now);
        return;
      case "rollback": {
        this.#record(decision.reason, observation.canary.weight, 0);
        const weights = { [observation.stable.revision]: 1 };
        platform.setRoutes(this.workload, [{ match: {}, weights, sticky: "request" }]);
        platform.removeRevision(this.workload, this.revision);
        this.#finish("rolled-back", decision.reason, now);
        return;
      }
      default:
        unreachable(decision);
    }
  }

  #finish(outcome: "promoted" | "rolled-back", reason: string, now: Micros): void {
    this.#progress = { outcome, reason, end: now, stages: [] };
  }

  #record(reason: string, from: number, to: number): void {
    this.#platform.record({
      controller: this.name,
      subject: `${this.workload} ${this.revision}`,
      kind: "rollout",
      reason,
      message: `${percent(from)} % → ${percent(to)} % of the traffic`,
      from: null,
      to: null,
    });
  }
}

const percent = (share: number): number => Math.round(share * 1000) / 10;
