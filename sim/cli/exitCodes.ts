/** Exit codes, the same as k6's where it has one. */
export const EXIT = {
  ok: 0,
  bug: 1,
  objectiveFailed: 99,
  badInput: 104,
  interrupted: 130,
} as const;

/** Ends the program with a message for its user; nothing was written. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.badInput) {
    super(message);
    this.exitCode = exitCode;
  }
}
