const BATCH = 5;

export interface Truncation {
  /** Observations to drop from the front. */
  readonly drop: number;
  /** False when the best cut lies at the end of the first half: the series is too short to tell. */
  readonly isSettled: boolean;
}

/**
 * MSER-5 (White, Cobb & Spratt, "A comparison of five steady-state truncation heuristics for
 * simulation", WSC 2000): of all cuts in the first half, by batches of five, the one that makes the
 * standard error of the rest smallest. Observations that fill no batch at the end are left out of
 * account. Linear time.
 */
export function mser5(samples: readonly number[]): Truncation {
  const count = Math.floor(samples.length / BATCH);
  // With fewer, the best cut would leave a single batch, which always looks perfectly steady.
  if (count < 4) return { drop: 0, isSettled: false };
  const batches = Array.from({ length: count }, (_, i) => batchMean(samples, i * BATCH));
  const last = Math.floor(count / 2);
  let best = last;
  let bestScore = Infinity;
  let n = 0;
  let mean = 0;
  let squares = 0;
  // From the back, so that mean and squares of what is kept grow by one batch at a time (Welford).
  for (let cut = count - 1; cut >= 0; cut--) {
    const value = batches[cut]!;
    n++;
    const delta = value - mean;
    mean += delta / n;
    squares += delta * (value - mean);
    const score = squares / (n * n);
    if (cut <= last && score <= bestScore) {
      bestScore = score;
      best = cut;
    }
  }
  return { drop: best * BATCH, isSettled: best < last };
}

function batchMean(samples: readonly number[], start: number): number {
  let sum = 0;
  for (let i = start; i < start + BATCH; i++) sum += samples[i]!;
  return sum / BATCH;
}
