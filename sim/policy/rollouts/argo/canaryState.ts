import type { Micros } from "../../../kernel/time.ts";
import type { AnalysisRun } from "./analysisRun.ts";
import type { CanarySettings } from "./canaryConfig.ts";

export type ArgoCanaryState = {
  readonly settings: CanarySettings;
  /**
   * `finishing`: promoted, the old replicas wait for their end. `over`: the last decision has been
   * given.
   */
  readonly phase: "progressing" | "aborted" | "finishing" | "over";
  /** From 0; the number of steps when all are done. */
  readonly stepIndex: number;
  readonly startTime: Micros | null;
  /** When the pause step in progress began. */
  readonly pauseStart: Micros | null;
  /** Since when an inconclusive analysis waits for a person. */
  readonly inconclusiveSince: Micros | null;
  readonly promoteFull: boolean;
  /** Analysis of the step in progress. */
  readonly stepRun: AnalysisRun | null;
  readonly backgroundRun: AnalysisRun | null;
  /** Weight that the router was given last, out of `maxTrafficWeight`. */
  readonly weight: number;
  /** Share of the traffic that was asked for last, 0 … 1. */
  readonly share: number;
  /** When it was aborted or promoted, and why. */
  readonly endTime: Micros | null;
  readonly endReason: string;
};

export const initialCanaryState = (settings: CanarySettings): ArgoCanaryState => ({
  settings,
  phase: "progressing",
  stepIndex: 0,
  startTime: null,
  pauseStart: null,
  inconclusiveSince: null,
  promoteFull: false,
  stepRun: null,
  backgroundRun: null,
  weight: 0,
  share: 0,
  endTime: null,
  endReason: "",
});
