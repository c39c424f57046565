/**
 * Resource quantities as the Kubernetes API reads and writes them: `500m`, `1`, `1Gi`, `1e3`,
 * `0.5`.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 *
 * An amount is kept in whole billionths, the finest grain of the API, in a bigint: a node's memory
 * in thousandths of bytes does not fit a double.
 */
type QuantityFormat = "DecimalSI" | "BinarySI" | "DecimalExponent";

export interface Quantity {
  readonly nanos: bigint;
  /** How it was written, which decides how it is written again. */
  readonly format: QuantityFormat;
}

const NANOS_PER_UNIT = 1_000_000_000n;
const NANOS_PER_MILLI = 1_000_000n;
/** The API caps what it reads at the largest int64. */
const LARGEST = (2n ** 63n - 1n) * NANOS_PER_UNIT;

const DECIMAL_SUFFIXES: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  "": 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY_SUFFIXES: readonly string[] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/** What a quantity may look like; for JSON Schemas and messages. */
export const QUANTITY_PATTERN =
  "^[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]{1,3})?$";
const GRAMMAR = new RegExp(QUANTITY_PATTERN);

/**
 * Reads a quantity; null when it is none. Amounts finer than a billionth are rounded up, away from
 * zero.
 * @example parseQuantity("0.5") // 500 000 000 billionths, DecimalSI
 */
export function parseQuantity(text: string | number): Quantity | null {
  const match = GRAMMAR.exec(String(text));
  if (match === null) return null;
  const suffix = match[2] ?? "";
  const unit = unitOf(suffix);
  const digits = match[1] ?? "";
  const point = digits.indexOf(".");
  const fraction = point < 0 ? "" : digits.slice(point + 1);
  const unscaled = BigInt(digits.replace(".", ""));
  // amount = unscaled × 10^(exponent − fraction digits) × base; counted in billionths.
  const power = unit.exponent + 9 - fraction.length;
  const nanos =
    power >= 0
      ? unscaled * unit.base * 10n ** BigInt(power)
      : divideUp(unscaled * unit.base, 10n ** BigInt(-power));
  const capped = nanos > LARGEST ? LARGEST : nanos;
  return { nanos: match[0].startsWith("-") ? -capped : capped, format: unit.format };
}

function unitOf(suffix: string): { base: bigint; exponent: number; format: QuantityFormat } {
  const exponent = DECIMAL_SUFFIXES[suffix];
  if (exponent !== undefined) return { base: 1n, exponent, format: "DecimalSI" };
  const binary = BINARY_SUFFIXES.indexOf(suffix);
  if (binary >= 0) return { base: 1024n ** BigInt(binary), exponent: 0, format: "BinarySI" };
  return { base: 1n, exponent: Number(suffix.slice(1)), format: "DecimalExponent" };
}

/** Quotient of a non-negative amount, rounded up. */
const divideUp = (amount: bigint, divisor: bigint): bigint => (amount + divisor - 1n) / divisor;

function scaledUp(nanos: bigint, divisor: bigint): number {
  return nanos < 0n ? -Number(divideUp(-nanos, divisor)) : Number(divideUp(nanos, divisor));
}

/** Thousandths, rounded up as the API does: millicores of a CPU quantity. */
export const toMilli = (quantity: Quantity): number => scaledUp(quantity.nanos, NANOS_PER_MILLI);
/** Whole units, rounded up as the API does: bytes of a memory quantity. */
const toUnits = (quantity: Quantity): number => scaledUp(quantity.nanos, NANOS_PER_UNIT);

/** Millicores of a CPU quantity; null when it is no quantity. */
export function parseMillicores(text: string | number): number | null {
  const quantity = parseQuantity(text);
  return quantity === null ? null : toMilli(quantity);
}

/** Bytes of a memory quantity; null when it is no quantity. */
export function parseBytes(text: string | number): number | null {
  const quantity = parseQuantity(text);
  return quantity === null ? null : toUnits(quantity);
}

/**
 * The one way in which the API writes an amount: no fraction, the largest suffix that needs none.
 * @example formatQuantity(parseQuantity("0.05")) // "50m"
 */
function formatQuantity({ nanos, format }: Quantity): string {
  if (nanos === 0n) return "0";
  if (format === "BinarySI") {
    const magnitude = nanos < 0n ? -nanos : nanos;
    const isSmall = magnitude < 1024n * NANOS_PER_UNIT;
    const isFractional = magnitude % NANOS_PER_UNIT !== 0n;
    // Small and fractional amounts would lose digits in binary units.
    if (!isSmall && !isFractional) return formatBinary(nanos / NANOS_PER_UNIT);
  }
  const { mantissa, exponent } = decimalParts(nanos);
  if (format === "DecimalExponent") return `${mantissa}${exponent === 0 ? "" : `e${exponent}`}`;
  const suffix = Object.entries(DECIMAL_SUFFIXES).find(([, power]) => power === exponent);
  return suffix === undefined ? `${mantissa}e${exponent}` : `${mantissa}${suffix[0]}`;
}

function formatBinary(units: bigint): string {
  let amount = units;
  let power = 0;
  while (power < BINARY_SUFFIXES.length - 1 && amount % 1024n === 0n) {
    amount /= 1024n;
    power += 1;
  }
  return `${amount}${BINARY_SUFFIXES[power]!}`;
}

/** Mantissa and an exponent that is a multiple of three. */
function decimalParts(nanos: bigint): { mantissa: bigint; exponent: number } {
  let mantissa = nanos;
  let exponent = -9;
  while (mantissa % 1000n === 0n) {
    mantissa /= 1000n;
    exponent += 3;
  }
  return { mantissa, exponent };
}

/** The canonical spelling of a quantity; null when it is none. */
export function canonicalQuantity(text: string | number): string | null {
  const quantity = parseQuantity(text);
  return quantity === null ? null : formatQuantity(quantity);
}

/**
 * A quantity as a double. Like the API's approximation it multiplies the canonical mantissa by a
 * power of ten, which can differ in the last bit from reading the decimal number (50 × 0.001 rather
 * than 0.05).
 */
export function toApproximateNumber({ nanos }: Quantity): number {
  if (nanos === 0n) return 0;
  const { mantissa, exponent } = decimalParts(nanos);
  return exponent === 0 ? Number(mantissa) : Number(mantissa) * Number(`1e${exponent}`);
}

/** Thousandths as text: 1500 → "1500m", 2000 → "2", as `kubectl` shows metric values. */
export function formatMilli(milli: number): string {
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}
