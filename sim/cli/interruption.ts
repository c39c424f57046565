import { CliError, EXIT } from "./exitCodes.ts";

/**
 * Ctrl-C and a polite kill. They are heard for as long as the command runs: files are then written
 * whole or not at all, and a second Ctrl-C finds the first one already on its way.
 */
const controller = new AbortController();

export const interruption: AbortSignal = controller.signal;

export function listenForInterruption(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => controller.abort());
}

/** Ends the command when it was interrupted; `when` says during what. */
export function endIfInterrupted(when: string): void {
  if (!interruption.aborted) return;
  throw new CliError(`interrupted ${when}; nothing was written`, EXIT.interrupted);
}
