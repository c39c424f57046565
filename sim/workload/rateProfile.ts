import { assert } from "../kernel/assert.ts";

/** Rates are requests per second, times and durations microseconds since the start of the run. */
export type RateProfileSpec =
  | { readonly kind: "constant"; readonly rate: number }
  /**
   * Each rate holds until the next step, the last one to the end; before the first step the rate is
   * 0.
   */
  | { readonly kind: "steps"; readonly steps: readonly RateStep[] }
  /**
   * k6's stages: a line from the last target to this one; a duration of 0 jumps. 0 after the last
   * stage.
   */
  | {
      readonly kind: "stages";
      readonly startRate: number;
      readonly stages: readonly { readonly duration: number; readonly target: number }[];
    }
  /**
   * `rate` times a multiplier, which runs in straight lines from hour to hour (0 … 23 o'clock;
   * `null` takes the default curve, of mean 1) and starts at `startHour` o'clock, fractions
   * allowed.
   */
  | {
      readonly kind: "day";
      readonly rate: number;
      readonly multipliers: readonly number[] | null;
      readonly startHour: number;
    }
  /**
   * The same for a week: straight lines from noon to noon, Monday first; `startDay` 0 is Monday 0
   * o'clock.
   */
  | {
      readonly kind: "week";
      readonly rate: number;
      readonly multipliers: readonly number[] | null;
      readonly startDay: number;
    }
  /**
   * Nothing until `start`; a line up to `height`, which is held; then exponential decay of this
   * time constant.
   */
  | {
      readonly kind: "spike";
      readonly height: number;
      readonly start: number;
      readonly rise: number;
      readonly hold: number;
      readonly decay: number;
    }
  | { readonly kind: "sum"; readonly profiles: readonly RateProfileSpec[] }
  /** All but one of the factors are without a unit. */
  | { readonly kind: "product"; readonly profiles: readonly RateProfileSpec[] }
  | { readonly kind: "scale"; readonly factor: number; readonly profile: RateProfileSpec }
  /**
   * Later by this time, with a rate of 0 before; earlier, when negative: its beginning is cut off.
   */
  | { readonly kind: "shift"; readonly by: number; readonly profile: RateProfileSpec }
  | {
      readonly kind: "preset";
      readonly name: PresetName;
      /** What differs from the preset's defaults. */
      readonly parameters: Readonly<Record<string, number>>;
    };

export type PresetName = "black-friday" | "prime-day";

export interface RateStep {
  readonly at: number;
  readonly rate: number;
}

/** One straight line: from `from` per second at `start` to `to` per second at `end`. */
export interface RatePiece {
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

const PER_SECOND = 1_000_000;

/**
 * Piecewise-linear arrival rate over [0, duration], with jumps, and the number of arrivals expected
 * by each breakpoint. Its inverse needs a square root only, so it is exact on ramps of any
 * steepness: nothing is thinned.
 */
export class RateProfile {
  /** Number of straight lines. */
  readonly pieces: number;
  readonly duration: number;
  /** Expected arrivals over the whole duration. */
  readonly total: number;
  readonly #time: Float64Array;
  readonly #from: Float64Array;
  readonly #to: Float64Array;
  /** Expected arrivals before each breakpoint. */
  readonly #area: Float64Array;

  /** Pieces follow each other without gaps, from 0 on; there is at least one. */
  constructor(pieces: readonly RatePiece[]) {
    const count = pieces.length;
    assert(count > 0, "a rate profile needs at least one piece");
    this.pieces = count;
    this.#time = new Float64Array(count + 1);
    this.#from = new Float64Array(count);
    this.#to = new Float64Array(count);
    this.#area = new Float64Array(count + 1);
    let time = 0;
    let area = 0;
    for (const [i, piece] of pieces.entries()) {
      assert(piece.start === time && piece.end > time, "the pieces of a rate profile have a gap");
      assert(piece.from >= 0 && piece.to >= 0, "a rate is below 0");
      assert(piece.from < Infinity && piece.to < Infinity, "a rate is infinite");
      time = piece.end;
      area += (((piece.from + piece.to) / 2) * (piece.end - piece.start)) / PER_SECOND;
      this.#from[i] = piece.from;
      this.#to[i] = piece.to;
      this.#time[i + 1] = time;
      this.#area[i + 1] = area;
    }
    this.duration = time;
    this.total = area;
  }

  /** Rate at a time, per second; at a jump, the rate after it. 0 outside of the profile. */
  rateAt(time: number): number {
    if (!(time >= 0 && time <= this.duration)) return 0;
    const i = this.#pieceAt(time);
    const share = (time - this.#time[i]!) / (this.#time[i + 1]! - this.#time[i]!);
    return this.#from[i]! + (this.#to[i]! - this.#from[i]!) * share;
  }

  /** Highest rate, per second. */
  peak(): number {
    let peak = 0;
    for (let i = 0; i < this.pieces; i++) peak = Math.max(peak, this.#from[i]!, this.#to[i]!);
    return peak;
  }

  /** The first time at which the rate is highest. */
  peakTime(): number {
    const peak = this.peak();
    for (let i = 0; i < this.pieces; i++) {
      if (this.#from[i] === peak) return this.#time[i]!;
      if (this.#to[i] === peak) return this.#time[i + 1]!;
    }
    return 0;
  }

  /** Expected arrivals between two times. */
  area(from: number, to: number): number {
    return this.cumulative(to) - this.cumulative(from);
  }

  /** Expected arrivals from the start up to a time. */
  cumulative(time: number): number {
    if (time <= 0) return 0;
    if (time >= this.duration) return this.total;
    const i = this.#pieceAt(time);
    const elapsed = time - this.#time[i]!;
    return this.#area[i]! + (((this.#from[i]! + this.rateAt(time)) / 2) * elapsed) / PER_SECOND;
  }

  /**
   * The first time, not rounded, at which this many arrivals are expected; infinity when they never
   * are.
   */
  timeOfCumulative(area: number): number {
    if (area > this.total) return Infinity;
    let low = 0;
    let high = this.pieces - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#area[middle + 1]! >= area) high = middle;
      else low = middle + 1;
    }
    return this.timeInPiece(low, area);
  }

  /** Expected arrivals before the end of a piece. */
  areaAfter(piece: number): number {
    return this.#area[piece + 1]!;
  }

  /** `timeOfCumulative` for whoever knows the piece, which holds that area. */
  timeInPiece(piece: number, area: number): number {
    const start = this.#time[piece]!;
    if (area >= this.#area[piece + 1]!) return this.#endOfArea(piece);
    const needed = area - this.#area[piece]!;
    if (needed <= 0) return start;
    const from = this.#from[piece]!;
    const change = this.#to[piece]! - from;
    const length = (this.#time[piece + 1]! - start) / PER_SECOND;
    // The root of from·t + change/(2·length)·t² = needed, in the form that neither cancels nor
    // divides by 0.
    const root = Math.sqrt(Math.max(0, from * from + (2 * change * needed) / length));
    return start + ((2 * needed) / (from + root)) * PER_SECOND;
  }

  /** The first time at which the piece's whole area is reached: its start when it has none. */
  #endOfArea(piece: number): number {
    const isEmpty = this.#area[piece + 1] === this.#area[piece];
    return isEmpty ? this.#time[piece]! : this.#time[piece + 1]!;
  }

  /** The straight lines again: for compositions, and for charts. */
  toPieces(): readonly RatePiece[] {
    return Array.from({ length: this.pieces }, (_, i) => ({
      start: this.#time[i]!,
      end: this.#time[i + 1]!,
      from: this.#from[i]!,
      to: this.#to[i]!,
    }));
  }

  #pieceAt(time: number): number {
    let low = 0;
    let high = this.pieces - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#time[middle]! <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
