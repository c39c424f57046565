import { fixed } from "../format.ts";
import { dim, type Line, printable, renderLine, type TextStyle, widthOf } from "./textStyle.ts";

export interface Progress {
  readonly done: number;
  readonly total: number;
  /** Null until the first run has finished. */
  readonly etaSeconds: number | null;
  readonly style: TextStyle;
}

/** Whole seconds, and minutes from 90 s on. */
export function etaText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 90 ? `${whole} s` : `${fixed(whole / 60, 0)} min`;
}

/** The line of a terminal that is redrawn while runs finish; no line end. */
export function progressLine({ done, total, etaSeconds, style }: Progress): string {
  const share = total > 0 ? Math.min(1, Math.max(0, done / total)) : 0;
  const digits = String(total).length;
  const counted = `simulating  ${String(done).padStart(digits)} of ${total} runs  `;
  const eta = etaSeconds === null ? "" : `  ETA ${etaText(etaSeconds)}`;
  const percent = `  ${fixed(100 * share, 0).padStart(3)} %${eta}`;
  // The room for an ETA is kept from the start, so that the bar does not change its length.
  const room = style.width - widthOf([counted], style) - "  100 %  ETA 60 min".length - 1;
  const bar = Math.max(0, Math.min(36, room));
  const full = Math.round(share * bar);
  const [heavy, light] = style.unicode ? ["━", "─"] : ["=", "-"];
  const line: Line = [counted, heavy.repeat(full), dim(light.repeat(bar - full)), percent];
  return renderLine(style.color ? line.map(dimmed) : line, style);
}

const dimmed = (piece: Line[number]): Line[number] =>
  typeof piece === "string" && !piece.startsWith("━") && !piece.startsWith("=")
    ? dim(piece)
    : piece;

export interface PolicyProgress {
  readonly policy: string;
  readonly done: number;
  readonly total: number;
  /** Policies of which all runs are done, and how many there are. */
  readonly policiesDone: number;
  readonly policies: number;
  /** What they are, in the plural; "policies" unless given. */
  readonly noun?: string;
  /** Width of the name column: the longest name. */
  readonly nameWidth: number;
  readonly style: TextStyle;
}

/** A line of a stream that is not a terminal: one per finished policy, or every 10 s. */
export function policyProgressLine(progress: PolicyProgress): string {
  const { policy, done, total, policiesDone, policies, nameWidth, style } = progress;
  const { noun = "policies" } = progress;
  const name = printable(policy, style).padEnd(nameWidth);
  const runs = `${done} of ${total} runs`;
  return `${name}  ${runs}   ${policiesDone} of ${policies} ${noun}`;
}

/** What an interrupted simulation says. */
export function interruptedText({ done, total }: Pick<Progress, "done" | "total">): string {
  return `interrupted after ${done} of ${total} runs; nothing was written\n`;
}
