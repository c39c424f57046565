/** Pure and synchronous: a result in, specifications and text out. `render/` makes pages. */
export * from "./charts/index.ts";
export { escapeMarkdown, resultMarkdown } from "./markdown.ts";
export {
  canaryText,
  compareText,
  etaText,
  interruptedText,
  type PolicyProgress,
  type Problem,
  type Progress,
  policyProgressLine,
  problemText,
  progressLine,
  runText,
  type TextOptions,
  type TextStyle,
  type WrittenFile,
} from "./terminal/index.ts";
export {
  causeSentence,
  differenceWords,
  objectiveText,
  pickOf,
  ranked,
  sentenceText,
  type VerdictSentence,
  verdictDetails,
  verdictSentence,
} from "./verdict.ts";
