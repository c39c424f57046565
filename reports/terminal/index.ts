export { canaryText } from "./canaryText.ts";
export { compareText } from "./compareText.ts";
export { headroomText } from "./headroomText.ts";
export { type Problem, problemText } from "./problems.ts";
export {
  etaText,
  interruptedText,
  policyProgressLine,
  progressLine,
} from "./progress.ts";
export { runText } from "./runText.ts";
export type { TextOptions, WrittenFile } from "./shared.ts";
export { sweepText } from "./sweepText.ts";
export type { TextStyle } from "./textStyle.ts";
