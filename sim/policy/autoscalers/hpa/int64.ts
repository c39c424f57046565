/**
 * The controller counts in int64 and turns ratios into int32 by truncating conversion. Memory in
 * thousandths of bytes, summed over a thousand pods and multiplied by 100, passes 2^53, where
 * doubles end; beyond 92 TB in all it passes 2^63, where the controller's sum turns negative, and
 * so does ours.
 */

/**
 * ⌊(Σ values × factor) ÷ divisor⌋ towards zero, in wrapping int64 arithmetic; the divisor is not
 * zero.
 */
export function sumQuotient(values: readonly number[], factor: number, divisor: number): number {
  let magnitude = 0;
  let total = 0;
  for (const value of values) {
    magnitude += Math.abs(value);
    total += value;
  }
  if (magnitude * factor <= Number.MAX_SAFE_INTEGER && Number.isSafeInteger(divisor)) {
    // Both are exact, and so is a truncated quotient of integers below 2^53. No negative zero.
    return Math.trunc((total * factor) / divisor) + 0;
  }
  const exact = values.reduce((sum, value) => sum + BigInt(value), 0n) * BigInt(factor);
  return Number(BigInt.asIntN(64, exact) / BigInt(divisor));
}

/** Sum of whole numbers: exact while below 2^53, and the nearest double beyond. */
export function sum(values: readonly number[]): number {
  const total = values.reduce((running, value) => running + value, 0);
  if (Number.isSafeInteger(total)) return total;
  return Number(values.reduce((running, value) => running + BigInt(value), 0n));
}

const INT64_LIMIT = 2 ** 63;

/**
 * A double as int32, the way the controller's processors do it: by way of int64, whose low half
 * remains; what does not fit int64 becomes 0. Only absurd ratios get here.
 */
export function toInt32(value: number): number {
  return Math.abs(value) < INT64_LIMIT ? value | 0 : 0;
}

export const MAX_INT32 = 2_147_483_647;
