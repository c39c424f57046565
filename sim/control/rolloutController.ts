import { unreachable } from "../kernel/assert.ts";
import { type Json, plainState, savedState } from "../kernel/json.ts";
import type { Draw } from "../kernel/keyedDraws.ts";
import { type Micros, micros } from "../kernel/time.ts";
import {
  allTo,
  type RolloutDecision,
  type RolloutObservation,
  type RolloutPolicy,
  type RolloutVerdict,
} from "../policy/rollout.ts";
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
  readonly outcome: RolloutVerdict | "unfinished";
  readonly reason: string;
  /** When that was decided; traffic and replicas may still have been on their way. */
  readonly end: Micros | null;
  readonly stages: readonly RolloutStage[];
}

/**
 * Rolls one revision out as its policy decides, until it is promoted or rolled back, or until
 * another release takes over.
 */
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
  readonly #next: { readonly revision: string; readonly start: Micros } | null;
  readonly #takeover: Alarm;
  #state: Json;
  #progress: RolloutProgress;
  #stages: RolloutStage[] = [];
  #isOver = false;

  constructor(parts: {
    readonly workload: string;
    readonly revision: string;
    readonly policy: RolloutPolicy;
    readonly config: unknown;
    readonly start: Micros;
    /** The workload's next release; null for none. */
    readonly next: { readonly revision: string; readonly start: Micros } | null;
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
    this.#next = parts.next;
    this.#takeover = parts.clock.alarm(`${name} is superseded`, () => this.#giveWay());
  }

  get progress(): RolloutProgress {
    return { ...this.#progress, stages: this.#stages };
  }

  /** Whether nothing is left to do. */
  get isOver(): boolean {
    return this.#isOver;
  }

  start(): void {
    this.#alarm.at(this.startTime);
    if (this.#next !== null) this.#takeover.at(this.#next.start);
  }

  state(): Json {
    return plainState({
      policy: this.#state,
      progress: this.#progress,
      stages: this.#stages,
      isOver: this.#isOver,
    });
  }

  restore(state: Json): void {
    const saved = savedState<{
      policy: Json;
      progress: RolloutProgress;
      stages: RolloutStage[];
      isOver: boolean;
    }>(state);
    this.#state = saved.policy;
    this.#progress = saved.progress;
    this.#stages = saved.stages.map((stage) => ({ ...stage }));
    this.#isOver = saved.isOver;
  }

  #tick(): void {
    if (this.#isOver) return;
    const { now } = this.#clock;
    if (now === this.startTime && !this.#begin()) return;
    const windows = this.#policy.windows?.(this.#state) ?? [];
    const observation = this.#platform.observeRollout(this.workload, this.revision, windows);
    const stage = this.#stages.at(-1);
    if (stage !== undefined && this.#progress.outcome !== "rolled-back") {
      stage.requests = observation.canary.requests;
      stage.failures = observation.canary.failures;
    }
    const { state, decision } = this.#policy.step(this.#state, observation, now, this.#draw);
    this.#state = state;
    this.#carryOut(decision, observation, now);
    if (!this.#isOver) {
      this.#alarm.at(micros(now + this.#policy.syncPeriod(state)));
    }
  }

  /** False when there is nothing to do: back to what is stable, which nothing stands against. */
  #begin(): boolean {
    const { scaleSelector = "all" } = this.#policy;
    const { stable } = this.#platform.observeRollout(this.workload, this.revision);
    if (stable.revision !== this.revision) {
      this.#platform.startRevision(this.workload, this.revision, scaleSelector);
      return true;
    }
    this.#record("AlreadyStable", stable.weight, stable.weight);
    this.#settle("promoted", "it is the stable revision already", this.#clock.now);
    this.#isOver = true;
    return false;
  }

  /** What is promoted is the stable revision of the next release; all else goes. */
  #giveWay(): void {
    if (this.#isOver || this.#next === null) return;
    this.#isOver = true;
    if (this.#progress.outcome === "promoted") {
      this.#platform.promoteRevision(this.workload, this.revision);
      return;
    }
    const { stable, canary } = this.#platform.observeRollout(this.workload, this.revision);
    this.#record("Superseded", canary.weight, 0);
    this.#goBack(stable.revision);
    this.#settle("rolled-back", `${this.#next.revision} took over`, this.#clock.now);
  }

  #goBack(stable: string): void {
    this.#platform.setRoutes(this.workload, allTo(stable));
    this.#platform.removeRevision(this.workload, this.revision);
  }

  #carryOut(decision: RolloutDecision, observation: RolloutObservation, now: Micros): void {
    const platform = this.#platform;
    switch (decision.kind) {
      case "hold":
        this.#settle(decision.verdict, decision.reason, now);
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
        this.#settle(decision.verdict, decision.reason, now);
        // On the way back nothing is tried any more.
        if (weight !== before && decision.verdict !== "rolled-back") {
          const { stage } = decision;
          this.#stages.push({ stage, weight, start: now, requests: 0, failures: 0 });
        }
        return;
      }
      case "promote":
        this.#record(decision.reason, observation.canary.weight, 1);
        platform.promoteRevision(this.workload, this.revision);
        this.#settle("promoted", decision.reason, now);
        this.#isOver = true;
        return;
      case "rollback":
        this.#record(decision.reason, observation.canary.weight, 0);
        this.#goBack(observation.stable.revision);
        this.#settle("rolled-back", decision.reason, now);
        this.#isOver = true;
        return;
      default:
        unreachable(decision);
    }
  }

  /** What is settled keeps its time; a person may still abort what has been promoted. */
  #settle(verdict: RolloutVerdict | undefined, reason: string, now: Micros): void {
    if (verdict === undefined) {
      // What it waits for, should it never come.
      if (this.#progress.end === null) this.#progress = { ...this.#progress, reason };
      return;
    }
    if (verdict === this.#progress.outcome) return;
    this.#progress = { outcome: verdict, reason, end: now, stages: [] };
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
