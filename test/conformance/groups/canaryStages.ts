import { type ThresholdLimits, thresholdFault } from "../../../sim/policy/judges/thresholdRule.ts";

interface Stream {
  readonly requests: number;
  readonly errorRate: number;
}

/** Requests of one stage, and how they err. */
export interface StageTraffic {
  readonly canary: Stream;
  readonly production: Stream;
}

/** The limits of the table, with changes. */
export const limitsOf = (changes: Partial<ThresholdLimits>): ThresholdLimits => ({
  errorRateLimit: 0.01,
  errorRatioLimit: 2,
  errorRatioFloor: 0.001,
  p50RatioLimit: 1.5,
  emptyBaseline: "skip-ratios",
  significanceLevel: null,
  ...changes,
});

/** A stage under both rules, and under each alone. */
export function judgedStage(
  traffic: StageTraffic,
  isJudged: boolean,
): {
  readonly fail: number;
  readonly pass: number;
  readonly failAbsolute: number;
  readonly failRatio: number;
} {
  if (!isJudged) return { fail: 0, pass: 1, failAbsolute: 0, failRatio: 0 };
  const only = (changes: Partial<ThresholdLimits>): number =>
    stageFailure(traffic, limitsOf(changes)).fail;
  return {
    ...stageFailure(traffic, limitsOf({})),
    failAbsolute: only({ errorRatioLimit: Number.MAX_VALUE }),
    failRatio: only({ errorRateLimit: 1 }),
  };
}

/**
 * How often a stage fails, summed over the errors of both: exact, for the rule is asked itself.
 * More errors of production never speak against the canary, so for each number of its errors there
 * is a number of production's from which on it passes.
 */
export function stageFailure(
  { canary, production }: StageTraffic,
  limits: ThresholdLimits,
): { readonly fail: number; readonly pass: number } {
  const canaryErrors = new Cumulated(binomial(canary), passFrom(canary, production, limits));
  let [fail, pass] = [0, 0];
  for (const [count, probability] of binomial(production)) {
    fail += probability * canaryErrors.beyond(count);
    pass += probability * canaryErrors.upTo(count);
  }
  return { fail, pass };
}

/** By the canary's errors: the least errors of production with which it passes. */
function passFrom(canary: Stream, production: Stream, limits: ThresholdLimits) {
  const sample = (requests: number, failures: number) => ({ requests, failures, p50Ms: null });
  return (failures: number): number => {
    const isFault = (others: number): boolean =>
      thresholdFault(
        limits,
        sample(production.requests, others),
        sample(canary.requests, failures),
      ) !== null;
    let [low, high] = [0, production.requests + 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (middle > production.requests || !isFault(middle)) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

/** Probability that the canary passes, or fails, given production's errors. */
class Cumulated {
  /** Canary's errors in ascending order, each with what it needs and all probability up to it. */
  readonly #needs: number[] = [];
  readonly #upTo: number[] = [];
  readonly #beyond: number[] = [];
  readonly #total: number;

  constructor(
    errors: readonly (readonly [number, number])[],
    passes: (failures: number) => number,
  ) {
    let sum = 0;
    for (const [failures, probability] of errors) {
      sum += probability;
      // More errors of the canary need more of production's.
      this.#needs.push(passes(failures));
      this.#upTo.push(sum);
    }
    let rest = 0;
    for (let i = errors.length - 1; i >= 0; i--) {
      this.#beyond[i] = rest;
      rest += errors[i]![1];
    }
    this.#total = rest;
  }

  upTo(count: number): number {
    const index = this.#last(count);
    return index < 0 ? 0 : this.#upTo[index]!;
  }

  beyond(count: number): number {
    const index = this.#last(count);
    return index < 0 ? this.#total : this.#beyond[index]!;
  }

  /** The most errors of the canary that pass with so many of production's. */
  #last(count: number): number {
    let [low, high] = [0, this.#needs.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#needs[middle]! <= count) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** Probabilities below this are not added: nothing that is compared depends on them. */
const LEAST = 1e-290;

/** All numbers of errors that are at all likely, ascending, with their probabilities. */
function binomial({ requests, errorRate }: Stream): readonly (readonly [number, number])[] {
  if (requests === 0) return [[0, 1]];
  const mode = Math.floor((requests + 1) * errorRate);
  const odds = errorRate / (1 - errorRate);
  const below: [number, number][] = [];
  const above: [number, number][] = [[mode, 1]];
  for (let k = mode, p = 1; k > 0; k--) {
    p *= k / (requests - k + 1) / odds;
    if (p < LEAST) break;
    below.push([k - 1, p]);
  }
  for (let k = mode, p = 1; k < requests; k++) {
    p *= ((requests - k) / (k + 1)) * odds;
    if (p < LEAST) break;
    above.push([k + 1, p]);
  }
  const all = [...below.reverse(), ...above];
  // From the smallest on, so that none is lost.
  const total = all.map(([, p]) => p).sort((a, b) => a - b);
  const sum = total.reduce((whole, p) => whole + p, 0);
  return all.map(([k, p]) => [k, p / sum] as const);
}
