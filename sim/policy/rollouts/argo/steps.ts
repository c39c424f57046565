import type { Micros } from "../../../kernel/time.ts";

/** One step of a canary as the policy keeps it. */
export type CanaryStep =
  | { readonly kind: "setWeight"; readonly weight: number }
  /** Null: until somebody promotes. */
  | { readonly kind: "pause"; readonly duration: Micros | null }
  | { readonly kind: "setCanaryScale"; readonly scale: CanaryScale }
  /** Index into the policy's step analyses. */
  | { readonly kind: "analysis"; readonly analysis: number };

/** At most one of its fields is set; none of them means: as the weight of the traffic says. */
export type CanaryScale = {
  readonly replicas?: number;
  readonly weight?: number;
};

/** The weight in force at a step: the latest one up to it, 0 before any; null past the end. */
export function setWeightAt(steps: readonly CanaryStep[], stepIndex: number): number | null {
  if (stepIndex >= steps.length) return null;
  return setWeightsOf(steps.slice(0, stepIndex + 1)).at(-1) ?? 0;
}

export function setWeightsOf(steps: readonly CanaryStep[]): readonly number[] {
  return steps.flatMap((step) => (step.kind === "setWeight" ? [step.weight] : []));
}

/** The canary scale in force at a step, or null. */
export function canaryScaleAt(steps: readonly CanaryStep[], stepIndex: number): CanaryScale | null {
  if (stepIndex >= steps.length) return null;
  const latest = steps.slice(0, stepIndex + 1).findLast(({ kind }) => kind === "setCanaryScale");
  return latest?.kind === "setCanaryScale" ? latest.scale : null;
}
