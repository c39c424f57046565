import { present } from "../kernel/assert.ts";
import type { ReplicationResult, Result, SelectionResult } from "../result/result.ts";
import type { Objective, Scenario } from "../scenario/scenario.ts";
import { mean } from "../stats/intervals.ts";
import { kimNelson, type Selection } from "../stats/selection.ts";
import { metricOf } from "./metricOf.ts";
import type { ReplicationOutput, ReplicationTask } from "./replication.ts";
import { withParts } from "./summarise.ts";

export type SelectionMetric = Objective["metric"] | "cost";

export interface SelectionRule {
  readonly metric: SelectionMetric;
  /** Least chance that the best is chosen. */
  readonly probability: number;
  /** A difference that does not matter, as a share of the best mean of the first runs. */
  readonly indifference: number;
  readonly firstRuns: number;
  readonly maxRuns: number;
}

/** Policies that are still in get so many more runs at a time, or a quarter of those they had. */
const LEAST_WAVE = 5;
const GROWTH = 0.25;

/**
 * Chooses the policy with the least mean of a metric, with a stated probability, by Kim and
 * Nelson's procedure on common random numbers. Give it the outputs of `firstRuns` replications of
 * each policy; then drive it wave by wave: `tasks`, then `take` their outputs, until there are no
 * more. How the waves are cut changes nothing: the procedure goes through runs one by one.
 */
export class SelectionSearch {
  readonly #scenarios: readonly Scenario[];
  readonly #rule: SelectionRule;
  readonly #samples: number[][];
  readonly #indifference: number;
  #selection: Selection;
  #wave: readonly number[] = [];

  constructor(
    scenarios: readonly Scenario[],
    rule: SelectionRule,
    outputs: readonly (readonly ReplicationOutput[])[],
  ) {
    this.#scenarios = scenarios;
    this.#rule = rule;
    this.#samples = outputs.map((each) => each.map(({ result }) => sampleOf(result, rule.metric)));
    const means = this.#samples.map((values) => mean(values));
    // Where the best is 0 nothing is a share of it; all 0, nothing matters.
    const scale = Math.min(...means) || Math.max(...means) || 1;
    this.#indifference = rule.indifference * scale;
    this.#selection = this.#select();
  }

  /** Replications to run next, of the policies that are still in; none when it is over. */
  tasks(): readonly ReplicationTask[] {
    const { best, eliminatedAfter, samples } = this.#selection;
    const more = Math.min(
      Math.max(LEAST_WAVE, Math.ceil(GROWTH * samples)),
      this.#rule.maxRuns - samples,
    );
    const left = this.#scenarios.map((_, i) => i).filter((i) => eliminatedAfter[i] === null);
    this.#wave = best === null && more > 0 ? left : [];
    return this.#wave.flatMap((policy) =>
      Array.from({ length: more }, (_, index) => ({
        scenario: present(this.#scenarios[policy], "scenario"),
        replication: samples + index,
        detail: false,
        from: null,
      })),
    );
  }

  /** The outputs of the last tasks, in their order. */
  take(outputs: readonly ReplicationOutput[]): void {
    const each = outputs.length / this.#wave.length;
    this.#wave.forEach((policy, position) => {
      const own = outputs.slice(position * each, (position + 1) * each);
      const samples = own.map(({ result }) => sampleOf(result, this.#rule.metric));
      this.#samples[policy]!.push(...samples);
    });
    this.#selection = this.#select();
  }

  result(): SelectionResult {
    const { best, eliminatedAfter, samples } = this.#selection;
    const { metric, probability, indifference, firstRuns, maxRuns } = this.#rule;
    return {
      metric,
      probability,
      indifference,
      indifferenceValue: this.#indifference,
      firstRuns,
      maxRuns,
      best: best === null ? null : this.#scenarios[best]!.policy.name,
      policies: this.#scenarios.map(({ policy }, index) => {
        const runs = eliminatedAfter[index] ?? samples;
        const value = mean(this.#samples[index]!.slice(0, runs));
        return {
          policy: policy.name,
          runs,
          mean: Number.isFinite(value) ? value : null,
          isOut: eliminatedAfter[index] !== null,
        };
      }),
    };
  }

  #select(): Selection {
    const { firstRuns, probability } = this.#rule;
    return kimNelson({
      samples: this.#samples,
      first: firstRuns,
      indifference: this.#indifference,
      probability,
    });
  }
}

/** A run without such a value, where nothing was answered, is worse than any that has one. */
const sampleOf = (result: ReplicationResult, metric: SelectionMetric): number =>
  metricValue(result, metric) ?? Number.POSITIVE_INFINITY;

const metricValue = (result: ReplicationResult, metric: SelectionMetric): number | null =>
  metric === "cost" ? result.costUsd : metricOf(metric)(result);

/** Whether every run has the metric that is to be compared, so that its spread is known. */
export const isSelectable = (
  outputs: readonly (readonly ReplicationOutput[])[],
  metric: SelectionMetric,
): boolean =>
  outputs.every((each) => each.every(({ result }) => metricValue(result, metric) !== null));

/** A result that says which policy was chosen, if any was. */
export function withSelection(result: Result, selection: SelectionResult): Result {
  const { best, maxRuns, metric, policies } = selection;
  const left = policies.filter(({ isOut }) => !isOut).map(({ policy }) => policy);
  const names = left.join(", ");
  const open = `No choice of the least ${metric} after ${maxRuns} runs: ${names} are still in.`;
  const doubt = `${open} Use a higher --max-runs or --indifference.`;
  const warnings = best === null ? [...result.warnings, doubt] : result.warnings;
  return withParts(result, { selection, warnings });
}
