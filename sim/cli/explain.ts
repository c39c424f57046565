import { CommanderError } from "commander";
import type { TextStyle } from "../../reports/terminal/index.ts";
import { type Line, renderLines } from "../../reports/terminal/textStyle.ts";
import { ReplicationError, type ReplicationFailure } from "../experiment/replication.ts";
import { InvariantError } from "../kernel/assert.ts";
import { CliError, EXIT, errorText } from "./exitCodes.ts";
import { placeIn } from "./policyFile.ts";
import { readVersion } from "./version.ts";

export interface Explanation {
  /** For standard error; empty when there is nothing to say. */
  readonly text: string;
  readonly exitCode: number;
}

/** What the user is told about whatever ended the program, and the code that it ends with. */
export function explain(
  error: unknown,
  style: TextStyle,
  usage: (error: CommanderError) => string | null,
): Explanation {
  if (error instanceof CommanderError) {
    // Help and version end here too, with 0; everything else was wrong usage.
    if (error.exitCode === 0) return { text: "", exitCode: EXIT.ok };
    return { text: painted(usage(error) ?? "", style), exitCode: EXIT.badInput };
  }
  if (error instanceof CliError) {
    return { text: painted(error.message, style), exitCode: error.exitCode };
  }
  if (error instanceof ReplicationError && error.failure.kind === "own policy") {
    return { text: painted(ownPolicyText(error.failure), style), exitCode: EXIT.badInput };
  }
  if (isOutOfMemory(error)) {
    const hint =
      "Fewer --workers leave more to each; NODE_OPTIONS=--max-old-space-size=… helps too.";
    const text = errorText("a worker thread ran out of memory; nothing was written", hint);
    return { text: painted(text, style), exitCode: EXIT.badInput };
  }
  return { text: painted(bugText(error), style), exitCode: EXIT.bug };
}

/** Plain text made fit for the stream: its signs, and `error:` in red. */
function painted(text: string, style: TextStyle): string {
  if (text === "") return "";
  // Problems of a file are rendered where they are found, and what is said of an interruption, too.
  if (!text.startsWith("error:")) return `${text.trimEnd()}\n`;
  const lines = text.trimEnd().split("\n");
  const rendered = lines.map((line, index): Line => {
    const rest = index === 0 ? line.slice("error:".length) : line;
    return index === 0 ? [{ text: "error:", paint: "red" }, rest] : [rest];
  });
  return renderLines(rendered, style);
}

function bugText(error: unknown): string {
  const failure = error instanceof ReplicationError ? error.failure : null;
  const isInvariant = error instanceof InvariantError || failure?.kind === "invariant";
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? (error.stack ?? message) : message;
  return [
    errorText(
      "this is a bug in peakday, please report it with what follows; nothing was written",
      `${isInvariant ? "an invariant does not hold" : "unexpected"}: ${message}`,
      failure === null ? null : momentText(failure),
      `peakday ${readVersion()}, Node ${process.version}, ${process.platform} ${process.arch}`,
    ),
    failure?.stack ?? stack,
  ].join("\n");
}

function ownPolicyText(failure: ReplicationFailure): string {
  const { ownPolicy, message, stack } = failure;
  const place = placeIn(stack);
  return errorText(
    `the policy "${ownPolicy?.name}" failed in ${ownPolicy?.method}; nothing was written`,
    place === null ? message : `${place}: ${message}`,
    momentText(failure),
  );
}

/** Which run, and when in it: enough to have it again. */
function momentText({ policySet, seed, replication, timeSeconds }: ReplicationFailure): string {
  const before = timeSeconds !== null && timeSeconds < 0 ? " (in the warm-up)" : "";
  const time = timeSeconds === null ? "before the start" : `time ${timeSeconds} s${before}`;
  return `policy set ${policySet}, seed ${seed}, replication ${replication}, ${time}`;
}

const isOutOfMemory = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
