/** Exit codes, the same as k6's where it has one. */
export const EXIT = {
  ok: 0,
  bug: 1,
  objectiveFailed: 99,
  badInput: 104,
  interrupted: 130,
} as const;

/**
 * Ends the program with a message for its user; nothing was written. A message that begins with
 * "error: " is plain text, and is painted when it is printed; others are printed as they are.
 */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.badInput) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** "error: what", and below it what to do about it, indented to the text of the first line. */
export function errorText(what: string, ...hints: readonly (string | null)[]): string {
  const lines = hints.filter((hint) => hint !== null && hint !== "");
  return [`error: ${what}`, ...lines.map((line) => `       ${line}`)].join("\n");
}
