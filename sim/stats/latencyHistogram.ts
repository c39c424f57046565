import { Int32Histogram } from "hdr-histogram-js";
import { assert } from "../kernel/assert.ts";

/** One hour, in microseconds: longer times count as this, except in `max`, `mean` and `sum`. */
export const LATENCY_MAX = 3_600_000_000;
/**
 * Three significant digits: buckets of at most 1/1024 of their value: midpoints are within 0.05
 * %.
 */
const DIGITS = 3;
const SUB_BUCKET_BITS = 11;

/** Plain JSON: buckets in use, as pairs of index and count. */
export type LatencyHistogramState = {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly buckets: readonly (readonly [index: number, count: number])[];
};

/**
 * `hdr-histogram-js`, with the bucket of a value found by counting leading zeros instead of by a
 * logarithm and two powers: the layout and the counts are the library's, at a quarter of its cost
 * or less.
 */
class BitIndexedHistogram extends Int32Histogram {
  constructor() {
    super(1, LATENCY_MAX, DIGITS);
  }

  /** Values are whole, and below 2^32. */
  override countsArrayIndex(value: number): number {
    const bits = value >>> 0;
    const magnitude = 32 - Math.clz32(bits);
    const shift = magnitude > SUB_BUCKET_BITS ? magnitude - SUB_BUCKET_BITS : 0;
    return (shift << (SUB_BUCKET_BITS - 1)) + (bits >>> shift);
  }
}

/**
 * Distribution of times in microseconds, over all that were recorded: nothing is sampled. Quantiles
 * are within 0.05 % from 0 to one hour; count, mean and the extremes are exact. 94 KiB each,
 * whatever it holds; a bucket counts to 4·10^9.
 */
export class LatencyHistogram {
  readonly #buckets = new BitIndexedHistogram();
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = 0;

  get count(): number {
    return this.#count;
  }

  /** Null without values. */
  get mean(): number | null {
    return this.#count === 0 ? null : this.#sum / this.#count;
  }

  /** Null without values. */
  get min(): number | null {
    return this.#count === 0 ? null : this.#min;
  }

  /** Null without values. */
  get max(): number | null {
    return this.#count === 0 ? null : this.#max;
  }

  get sum(): number {
    return this.#sum;
  }

  /** Records one time of at least 0, in microseconds; fractions count for the mean only. */
  record(time: number): void {
    this.#count++;
    this.#sum += time;
    if (time < this.#min) this.#min = time;
    if (time > this.#max) this.#max = time;
    this.#buckets.recordValue(Math.min(time, LATENCY_MAX));
  }

  /** The value of rank ⌈q × count⌉, q from 0 to 1, in microseconds; null without values. */
  quantile(q: number): number | null {
    assert(q >= 0 && q <= 1, `a quantile lies between 0 and 1, got ${q}`);
    if (this.#count === 0) return null;
    // q × count may be above the whole number that it stands for by rounding (0.07 × 100).
    const rank = Math.max(1, Math.ceil(q * this.#count * (1 - 2 ** -50)));
    if (rank === 1) return this.#min;
    if (rank === this.#count) return this.#max;
    const counts = this.#buckets._counts;
    const last = this.#lastBucket();
    let seen = 0;
    let bucket = this.#firstBucket();
    while (bucket < last) {
      seen += counts[bucket]!;
      if (seen >= rank) break;
      bucket++;
    }
    const middle = bucketMiddle(this.#buckets, bucket);
    return Math.min(Math.max(middle, this.#min), this.#max);
  }

  /** Share of the values up to a limit, 0 … 1, as exact as the buckets; null without values. */
  shareUpTo(limit: number): number | null {
    if (this.#count === 0) return null;
    if (limit >= this.#max) return 1;
    if (limit < 0) return 0;
    const last = this.#buckets.countsArrayIndex(Math.min(limit, LATENCY_MAX));
    let seen = 0;
    for (let i = 0; i <= last; i++) seen += this.#buckets.getCountAtIndex(i);
    return seen / this.#count;
  }

  /** Adds all values of another. The order of merging makes no difference to counts. */
  merge(other: LatencyHistogram): void {
    if (other.#count === 0) return;
    // Straight over the buckets in use: there are thousands, and most are empty.
    const from = other.#buckets._counts;
    const to = this.#buckets._counts;
    const last = other.#lastBucket();
    for (let i = other.#firstBucket(); i <= last; i++) to[i] = to[i]! + from[i]!;
    this.#addFigures(other.#count, other.#sum, other.#min, other.#max);
  }

  /** The same for values that are kept as plain data. */
  mergeState({ count, sum, min, max, buckets }: LatencyHistogramState): void {
    if (count === 0) return;
    const to = this.#buckets._counts;
    for (const [index, more] of buckets) to[index] = to[index]! + more;
    this.#addFigures(count, sum, min, max);
  }

  #addFigures(count: number, sum: number, min: number, max: number): void {
    this.#count += count;
    this.#sum += sum;
    if (min < this.#min) this.#min = min;
    if (max > this.#max) this.#max = max;
  }

  /**
   * What was recorded since an earlier copy of this one; its extremes are as exact as the buckets.
   */
  since(earlier: LatencyHistogram): LatencyHistogram {
    const rest = new LatencyHistogram();
    rest.#count = this.#count - earlier.#count;
    if (rest.#count === 0) return rest;
    rest.#sum = this.#sum - earlier.#sum;
    const [to, from, now] = [
      rest.#buckets._counts,
      earlier.#buckets._counts,
      this.#buckets._counts,
    ];
    const last = this.#lastBucket();
    for (let i = this.#firstBucket(); i <= last; i++) {
      to[i] = now[i]! - from[i]!;
      if (to[i] === 0) continue;
      const middle = bucketMiddle(this.#buckets, i);
      rest.#min = Math.min(rest.#min, middle);
      rest.#max = middle;
    }
    return rest;
  }

  reset(): void {
    this.#buckets.reset();
    this.#count = 0;
    this.#sum = 0;
    this.#min = Infinity;
    this.#max = 0;
  }

  #firstBucket(): number {
    return this.#buckets.countsArrayIndex(Math.min(this.#min, LATENCY_MAX));
  }

  #lastBucket(): number {
    return this.#buckets.countsArrayIndex(Math.min(this.#max, LATENCY_MAX));
  }

  /** Number of buckets. */
  get length(): number {
    return this.#buckets.countsArrayLength;
  }

  state(): LatencyHistogramState {
    const buckets: [number, number][] = [];
    for (let i = 0; i < this.length; i++) {
      const count = this.#buckets.getCountAtIndex(i);
      if (count > 0) buckets.push([i, count]);
    }
    return {
      count: this.#count,
      sum: this.#sum,
      // JSON has no infinity.
      min: this.#count === 0 ? 0 : this.#min,
      max: this.#max,
      buckets,
    };
  }

  restore(state: LatencyHistogramState): void {
    this.reset();
    for (const [index, count] of state.buckets) this.#buckets.setCountAtIndex(index, count);
    this.#count = state.count;
    this.#sum = state.sum;
    this.#min = state.count === 0 ? Infinity : state.min;
    this.#max = state.max;
  }
}

/** Middle of the values that a bucket stands for; the value itself where it is the only one. */
function bucketMiddle(buckets: Int32Histogram, index: number): number {
  const low = buckets.valueFromIndex(index);
  return low + (buckets.sizeOfEquivalentValueRange(low) - 1) / 2;
}
