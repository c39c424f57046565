import type { Json } from "../../../../sim/kernel/json.ts";
import { seconds } from "../../../../sim/kernel/time.ts";
import type {
  RevisionObservation,
  RolloutDecision,
  RolloutObservation,
  RolloutPolicy,
} from "../../../../sim/policy/rollout.ts";

export interface Traffic {
  readonly requests?: number;
  readonly failures?: number;
  readonly p95Ms?: number | null;
}

export interface Moment {
  readonly t: number;
  readonly decision: RolloutDecision;
  readonly canary: number;
  readonly stable: number;
  /** Percent of the traffic that the canary has. */
  readonly share: number;
}

/**
 * A world for one rollout: replicas become available some seconds after they were asked for, those
 * that are not wanted go at once, and traffic is what the test says. One tick is a second.
 */
export class RolloutWorld<State extends Json> {
  replicas: number;
  canaryTraffic: Traffic = { requests: 1000, failures: 0, p95Ms: 100 };
  stableTraffic: Traffic = { requests: 9000, failures: 9, p95Ms: 100 };
  canaryFails = false;
  readonly moments: Moment[] = [];
  resets = 0;
  readonly #policy: RolloutPolicy<unknown, State>;
  readonly #startupSeconds: number;
  #state: State;
  #t = 0;
  #share = 0;
  /** Second in which each replica is available. */
  #canary: number[] = [];
  #stable: number[];

  constructor(
    policy: RolloutPolicy<never, State>,
    config: unknown,
    { replicas, startupSeconds = 2 }: { replicas: number; startupSeconds?: number },
  ) {
    const problems = policy.validate(config);
    if (problems.length > 0) throw new Error(JSON.stringify(problems));
    this.#policy = policy as unknown as RolloutPolicy<unknown, State>; // it has just accepted this
    this.#state = this.#policy.init(config);
    this.replicas = replicas;
    this.#startupSeconds = startupSeconds;
    this.#stable = Array.from({ length: replicas }, () => 0);
  }

  /** Plays on until a second, that one included. */
  playTo(t: number): void {
    for (; this.#t <= t && !this.isOver; this.#t += 1) this.#tick();
  }

  get isOver(): boolean {
    const last = this.moments.at(-1)?.decision.kind;
    return last === "promote" || last === "rollback";
  }

  get last(): Moment {
    return this.moments.at(-1)!;
  }

  get end(): string {
    return `${this.last.decision.kind} at ${this.last.t}: ${this.last.decision.reason}`;
  }

  /** Counts and percent whenever they changed: `0: 2+10 0%`. */
  get path(): readonly string[] {
    const lines: string[] = [];
    let before = "";
    for (const { t, canary, stable, share } of this.moments) {
      const now = `${canary}+${stable} ${share}%`;
      if (now !== before) lines.push(`${t}: ${now}`);
      before = now;
    }
    return lines;
  }

  #tick(): void {
    const observation = this.#observe();
    // A state survives a snapshot.
    const before: State = JSON.parse(JSON.stringify(this.#state));
    const { state, decision } = this.#policy.step(before, observation, seconds(this.#t), noDraw);
    this.#state = state;
    if (decision.kind === "advance") {
      this.#canary = this.#scaled(this.#canary, decision.replicas["v2"]);
      this.#stable = this.#scaled(this.#stable, decision.replicas["v1"]);
      this.#share = decision.routes.at(-1)?.weights["v2"] ?? 0;
      if (decision.resetCounters) this.resets += 1;
    }
    this.moments.push({
      t: this.#t,
      decision,
      canary: this.#canary.length,
      stable: this.#stable.length,
      share: Math.round(this.#share * 1000) / 10,
    });
  }

  #scaled(current: number[], count: number | undefined): number[] {
    if (count === undefined) return current;
    const grown = Math.max(0, count - current.length);
    const added = Array.from({ length: grown }, () => this.#t + this.#startupSeconds);
    return [...current, ...added].slice(0, count);
  }

  #observe(): RolloutObservation {
    const available = (list: readonly number[]) => list.filter((t) => t <= this.#t).length;
    const canaryAvailable = this.canaryFails ? 0 : available(this.#canary);
    const canary = revision("v2", this.#canary.length, canaryAvailable, this.canaryTraffic);
    const stable = revision("v1", this.#stable.length, available(this.#stable), this.stableTraffic);
    return {
      replicas: this.replicas,
      canary: { ...canary, weight: this.#share },
      stable: { ...stable, weight: 1 - this.#share },
      regions: [],
    };
  }
}

const revision = (
  name: string,
  replicas: number,
  availableReplicas: number,
  { requests = 0, failures = 0, p95Ms = null }: Traffic,
): RevisionObservation => ({
  revision: name,
  replicas,
  availableReplicas,
  weight: 0,
  requests,
  failures,
  p50Ms: p95Ms,
  p95Ms,
  p99Ms: p95Ms,
});

const noDraw = (): never => {
  throw new Error("the rollout drew a random number");
};

/** A template with one metric, `error-rate`, and its binding. */
export function errorRateTemplate(fields: object = {}) {
  return {
    analysisTemplates: [
      {
        apiVersion: "argoproj.io/v1alpha1",
        kind: "AnalysisTemplate",
        metadata: { name: "errors" },
        spec: {
          args: [{ name: "limit", value: "0.05" }],
          metrics: [
            {
              name: "error-rate",
              interval: "10s",
              count: 3,
              successCondition: "result[0] <= {{args.limit}}",
              provider: { prometheus: { query: "sum(rate(errors[1m]))\n / sum(rate(all[1m]))" } },
              ...fields,
            },
          ],
        },
      },
    ],
    bindings: { "sum(rate(errors[1m])) / sum(rate(all[1m]))": "canary-error-rate" },
  };
}
