import type { Step } from "../../policy.ts";
import {
  type RolloutDecision,
  type RolloutObservation,
  type RolloutVerdict,
  splitBetween,
} from "../../rollout.ts";

/** What a rollout would have now. */
export interface Wanted {
  readonly canary: number;
  readonly stable: number;
  /** Share of the traffic, 0 … 1. */
  readonly share: number;
}

/** The decision that leads from what is observed to what is wanted; to hold when they agree. */
export function towards(
  wanted: Wanted,
  { stable, canary }: Pick<RolloutObservation, "stable" | "canary">,
  about: {
    readonly stage: number;
    readonly reason: string;
    readonly resetCounters: boolean;
    /** Share that was asked for last; what is observed may lag behind. */
    readonly lastShare: number;
  },
): RolloutDecision {
  const scales = canary.replicas !== wanted.canary || stable.replicas !== wanted.stable;
  const isSettled = !scales && wanted.share === about.lastShare;
  if (isSettled && !about.resetCounters) return { kind: "hold", reason: about.reason };
  return {
    kind: "advance",
    reason: about.reason,
    stage: about.stage,
    routes: splitBetween(stable.revision, canary.revision, wanted.share),
    replicas: scales ? { [canary.revision]: wanted.canary, [stable.revision]: wanted.stable } : {},
    resetCounters: about.resetCounters,
  };
}

/** Phases that only clean up after what has been decided. */
const VERDICTS: Readonly<Record<string, RolloutVerdict>> = {
  finishing: "promoted",
  aborted: "rolled-back",
};

/** The step with the verdict of the phase that it leads to. */
export function withVerdict<State extends { readonly phase: string }>({
  state,
  decision,
}: Step<State, RolloutDecision>): Step<State, RolloutDecision> {
  const verdict = VERDICTS[state.phase];
  const isOpen = decision.kind === "hold" || decision.kind === "advance";
  return verdict === undefined || !isOpen
    ? { state, decision }
    : { state, decision: { ...decision, verdict } };
}
