/**
 * An expression cannot be read, does not fit the value that it is asked about, or fails on it.
 * `position` is the offset of the character in the text where it went wrong, from 0.
 */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
  readonly position: number;

  constructor(problem: string, position: number) {
    super(`${problem}, at character ${position + 1}`);
    this.position = position;
  }
}
