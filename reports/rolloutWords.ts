import type { Decision, RolloutOutcome } from "../sim/result/result.ts";
import { clock, plain } from "./format.ts";

/** Reasons of rollouts as decisions give them; others are printed as they are. */
const STEPS: Readonly<Record<string, string>> = {
  ScalingCanary: "pods for the next stage are started",
  FollowsScale: "production follows its autoscaler",
  StageStarted: "a stage begins",
  StagePassed: "the stage passed",
  StageInProgress: "the stage has not lasted its time",
  WaitingForCanary: "the new pods are not available",
  WaitingForRequests: "too few requests to judge the stage",
  TooFewRequestsToJudge: "too few requests to judge the stage",
  CanaryPauseStep: "it is paused",
  StepAnalysisRunning: "the analysis of the step is running",
  AnalysisRunning: "the analysis is running",
  InconclusiveAnalysis: "the analysis is inconclusive, and waits for a person",
  ScalingReplicaSets: "pods are started or stopped",
  ScalingPreview: "the preview's pods are not available",
  BlueGreenPause: "it waits to be promoted",
  ProgressDeadlineExceeded: "no progress within its deadline",
  DeploymentPaused: "its Deployment is paused",
};

/** How a rollout ended that these reasons promoted. */
const PROMOTED: Readonly<Record<string, string>> = {
  StagePassed: ": the last stage passed",
  TooFewRequestsToJudge: ", with too few requests to judge the last stage",
};

export const OUTCOME_WORDS: Readonly<Record<RolloutOutcome["outcome"], string>> = {
  promoted: "promoted",
  "rolled-back": "rolled back",
  unfinished: "unfinished",
};

function reasonText({ outcome, reason, stages }: RolloutOutcome): string {
  const stage = stages.at(-1);
  const place =
    outcome === "unfinished" && stage !== undefined
      ? `, in the ${plain(stage.percent)} % stage`
      : "";
  const promoted = outcome === "promoted" ? PROMOTED[reason] : undefined;
  return promoted ?? place + (reason === "" ? "" : `: ${STEPS[reason] ?? reason}`);
}

/** The outcome of a rollout as a sentence: "rolled back after 0:50: p50 is too high". */
export function outcomeText(rollout: RolloutOutcome): string {
  const after = rollout.endSeconds === null ? "" : ` after ${clock(rollout.endSeconds)}`;
  return `${OUTCOME_WORDS[rollout.outcome]}${after}${reasonText(rollout)}`;
}

/** Why a controller decided as it did, in words; of traffic only what changes. */
export function decisionText({ kind, reason, message }: Decision): string {
  const words = STEPS[reason] ?? reason;
  if (message === "") return words;
  if (kind !== "rollout" || words === "") return message;
  return /^(.+ %) → \1 /.test(message) ? words : `${words}: ${message}`;
}
