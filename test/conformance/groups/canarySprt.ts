import { logLikelihoodRatio, type SprtWalk, sprtVerdict } from "../../../sim/policy/judges/sprt.ts";

/**
 * What a sequential test does at a true error share, exactly: the distribution of the errors among
 * the requests so far, while the test goes on, step by step.
 */
export function sprtOperating(
  walk: SprtWalk,
  share: number,
  truncation: number,
): {
  readonly probReject: number;
  readonly probAccept: number;
  readonly probUndecided: number;
  readonly meanSampleSize: number;
} {
  let [probReject, probAccept, meanSampleSize] = [0, 0, 0];
  let going = new Map([[0, 1]]);
  for (let requests = 1; requests <= truncation && going.size > 0; requests++) {
    const next = new Map<number, number>();
    for (const [errors, probability] of going) {
      meanSampleSize += probability;
      for (const [more, factor] of [
        [0, 1 - share],
        [1, share],
      ] as const) {
        const count = errors + more;
        const ratio = logLikelihoodRatio(walk, { requests, errors: count });
        const verdict = sprtVerdict(walk, ratio);
        const weight = probability * factor;
        if (verdict === "reject") probReject += weight;
        else if (verdict === "accept") probAccept += weight;
        else next.set(count, (next.get(count) ?? 0) + weight);
      }
    }
    going = next;
  }
  const probUndecided = [...going.values()].reduce((sum, one) => sum + one, 0);
  return { probReject, probAccept, probUndecided, meanSampleSize };
}
