import { unreachable } from "../kernel/assert.ts";
import { type Json, plainState, savedState } from "../kernel/json.ts";
import type { Draw } from "../kernel/keyedDraws.ts";
import { type Micros, micros, roundHalfEven } from "../kernel/time.ts";
import type { AutoscalerDecision, AutoscalerPolicy, ScalingTrace } from "../policy/autoscaler.ts";
import type { Alarm, Clock } from "./clock.ts";
import type { Controller } from "./controller.ts";
import type { Platform } from "./platform.ts";

/** One evaluation, kept for the delay chain of the report. */
export interface AutoscalerTick {
  readonly time: Micros;
  readonly current: number;
  readonly trace: ScalingTrace;
  readonly decided: number | null;
  readonly reason: string;
}

/** When an autoscaler looks, beside its own period. */
export interface SyncTiming {
  /** The first look comes a whole period after the start, or a drawn part of it. */
  readonly phase: "aligned" | "drawn";
  /** Each look comes later by a drawn time up to this. */
  readonly jitter: Micros;
}

/** Draws of the times of looks; `attempt` is the number of the look. */
const SYNC_SITE = { phase: 1, jitter: 2 } as const;

/** Runs an autoscaler of one workload at the policy's own period. */
export class AutoscalerController implements Controller {
  readonly name: string;
  readonly workload: string;
  readonly #policy: AutoscalerPolicy;
  readonly #clock: Clock;
  readonly #platform: Platform;
  readonly #draw: Draw;
  readonly #sync: SyncTiming & { readonly draw: Draw };
  readonly #alarm: Alarm;
  readonly #start: Micros;
  #state: Json;
  #ticks: AutoscalerTick[] = [];

  constructor(parts: {
    readonly workload: string;
    readonly policy: AutoscalerPolicy;
    readonly config: unknown;
    readonly clock: Clock;
    readonly platform: Platform;
    readonly draw: Draw;
    readonly sync: SyncTiming & { readonly draw: Draw };
  }) {
    this.workload = parts.workload;
    this.name = parts.policy.name;
    this.#policy = parts.policy;
    this.#clock = parts.clock;
    this.#platform = parts.platform;
    this.#draw = parts.draw;
    this.#sync = parts.sync;
    this.#start = parts.clock.now;
    this.#state = parts.policy.init(parts.config);
    this.#alarm = parts.clock.alarm(`${this.name} of ${parts.workload}`, () => this.#tick());
  }

  /** Evaluations so far, the oldest first. */
  get ticks(): readonly AutoscalerTick[] {
    return this.#ticks;
  }

  start(): void {
    const { phase, draw } = this.#sync;
    const period = this.#policy.syncPeriod(this.#state);
    const first = phase === "aligned" ? period : period * draw(SYNC_SITE.phase, 0);
    this.#alarm.at(this.#later(this.#start + first));
  }

  state(): Json {
    return plainState({ policy: this.#state, ticks: this.#ticks });
  }

  restore(state: Json): void {
    const saved = savedState<{ policy: Json; ticks: AutoscalerTick[] }>(state);
    this.#state = saved.policy;
    this.#ticks = [...saved.ticks];
  }

  #tick(): void {
    const { now } = this.#clock;
    const observation = this.#platform.observeWorkload(this.workload);
    const { state, decision } = this.#policy.step(this.#state, observation, now, this.#draw);
    this.#state = state;
    this.#ticks.push({
      time: now,
      current: observation.specReplicas,
      trace: decision.trace,
      decided: decision.kind === "scale" ? decision.replicas : null,
      reason: decision.reason,
    });
    this.#carryOut(decision, observation.specReplicas);
    this.#alarm.at(this.#later(now + this.#policy.syncPeriod(state)));
  }

  /** The moment of the next look, with its jitter. */
  #later(time: number): Micros {
    const { jitter, draw } = this.#sync;
    const late = jitter === 0 ? 0 : jitter * draw(SYNC_SITE.jitter, this.#ticks.length);
    return micros(roundHalfEven(time + late));
  }

  #carryOut(decision: AutoscalerDecision, current: number): void {
    switch (decision.kind) {
      case "hold":
        return;
      case "scale":
        if (decision.replicas === current) return;
        this.#platform.record({
          controller: this.name,
          subject: this.workload,
          kind: "scale",
          reason: decision.reason,
          message: describe(decision.trace, decision.replicas),
          from: current,
          to: decision.replicas,
        });
        this.#platform.scale(this.workload, decision.replicas);
        return;
      default:
        unreachable(decision);
    }
  }
}

function describe(
  { metric, rawReplicas, stabilizedReplicas }: ScalingTrace,
  decided: number,
): string {
  const before = stabilizedReplicas ?? rawReplicas;
  const parts = [
    metric,
    rawReplicas === null ? null : `metrics ask for ${rawReplicas}`,
    stabilizedReplicas === null || stabilizedReplicas === rawReplicas
      ? null
      : `stabilization makes it ${stabilizedReplicas}`,
    before === null || before === decided ? null : `its limits make it ${decided}`,
  ];
  return parts.filter((part) => part !== null).join("; ");
}
