import exp from "@stdlib/math-base-special-exp";
import { assert } from "../kernel/assert.ts";
import type { RatePiece } from "./rateProfile.ts";

/** Straight lines without gaps from 0 on: what compositions take and give. */
export type Pieces = readonly RatePiece[];

/**
 * Where two factors both have slopes, their product is a parabola, drawn as this many chords: off
 * by at most 1/256 of (change of the one × change of the other).
 */
const CHORDS = 8;
/**
 * The exponential decay of a spike: chords of a quarter of the time constant, 0.8 % too high at
 * most …
 */
const DECAY_STEP = 0.25;
/** … down to e^−7, 0.1 % of the height, after which the spike is over. */
const DECAY_STEPS = 28;

/** Collects straight lines one after the other; what would have no length only jumps. */
export class PieceBuilder {
  readonly #pieces: RatePiece[] = [];
  readonly #duration: number;
  #time = 0;

  /** Lines are cut off at `duration`. */
  constructor(duration: number) {
    assert(duration > 0 && duration < Infinity, "a rate profile needs a duration above 0");
    this.#duration = duration;
  }

  get isFull(): boolean {
    return this.#time >= this.#duration;
  }

  get time(): number {
    return this.#time;
  }

  /** A line of this length, from one rate to another. */
  line(length: number, from: number, to: number): this {
    const end = Math.min(this.#time + length, this.#duration);
    if (end > this.#time) {
      const isCut = end < this.#time + length;
      const last = isCut ? from + ((to - from) * (end - this.#time)) / length : to;
      this.#pieces.push({ start: this.#time, end, from, to: last });
      this.#time = end;
    }
    return this;
  }

  /** The rate from here to the end. */
  finish(rate: number): Pieces {
    this.line(this.#duration - this.#time, rate, rate);
    return this.#pieces;
  }
}

/**
 * A curve through equally spaced values, repeated for ever, in straight lines; its mean is that of
 * the values. `phase` says where time 0 lies, in spacings after the first value.
 */
export function periodicCurve({
  values,
  spacing,
  phase,
  duration,
}: {
  readonly values: readonly number[];
  readonly spacing: number;
  readonly phase: number;
  readonly duration: number;
}): Pieces {
  const builder = new PieceBuilder(duration);
  const count = values.length;
  const valueAt = (index: number): number => values[((index % count) + count) % count]!;
  let index = Math.floor(phase);
  const share = phase - index;
  const first = valueAt(index) + (valueAt(index + 1) - valueAt(index)) * share;
  builder.line((1 - share) * spacing, first, valueAt(++index));
  while (!builder.isFull) builder.line(spacing, valueAt(index), valueAt(++index));
  return builder.finish(0);
}

/** Nothing, a straight rise, a plateau, an exponential decay. Any of the times may be 0. */
export function spike({
  height,
  start,
  rise,
  hold,
  decay,
  duration,
}: {
  readonly height: number;
  readonly start: number;
  readonly rise: number;
  readonly hold: number;
  readonly decay: number;
  readonly duration: number;
}): Pieces {
  const builder = new PieceBuilder(duration);
  builder.line(start, 0, 0).line(rise, 0, height).line(hold, height, height);
  let rate = height;
  for (let step = 1; step <= DECAY_STEPS && decay > 0; step++) {
    const next = height * exp(-DECAY_STEP * step);
    builder.line(decay * DECAY_STEP, rate, next);
    rate = next;
  }
  return builder.finish(0);
}

export function scale(pieces: Pieces, factor: number): Pieces {
  return pieces.map((piece) => ({ ...piece, from: piece.from * factor, to: piece.to * factor }));
}

/** Later by `by`; or earlier, when it is negative: what then lies before 0 is cut off. */
export function shift(pieces: Pieces, by: number, duration: number): Pieces {
  const builder = new PieceBuilder(duration);
  if (by > 0) builder.line(by, 0, 0);
  for (const { start, end, from, to } of pieces) {
    if (end + by <= 0) continue;
    const cut = Math.max(0, -by - start);
    builder.line(end - start - cut, from + ((to - from) * cut) / (end - start), to);
  }
  return builder.finish(0);
}

/** Exact. Both cover the same time. */
export function sum(a: Pieces, b: Pieces): Pieces {
  return overlay(a, b).map(({ start, end, a, b }) => ({
    start,
    end,
    from: a.from + b.from,
    to: a.to + b.to,
  }));
}

/** Exact where one of the two is level; see `CHORDS` for the rest. Both cover the same time. */
export function product(a: Pieces, b: Pieces): Pieces {
  return overlay(a, b).flatMap(({ start, end, a, b }) => {
    const isStraight = a.from === a.to || b.from === b.to;
    const chords = isStraight ? 1 : CHORDS;
    const valueAt = (share: number): number =>
      (a.from + (a.to - a.from) * share) * (b.from + (b.to - b.from) * share);
    const timeAt = (n: number): number =>
      n === chords ? end : start + ((end - start) * n) / chords;
    return Array.from({ length: chords }, (_, n) => ({
      start: timeAt(n),
      end: timeAt(n + 1),
      from: valueAt(n / chords),
      to: valueAt((n + 1) / chords),
    }));
  });
}

interface Line {
  readonly from: number;
  readonly to: number;
}

/** Cuts both at the breakpoints of either. */
function overlay(
  a: Pieces,
  b: Pieces,
): readonly { readonly start: number; readonly end: number; readonly a: Line; readonly b: Line }[] {
  const result = [];
  let start = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const first = a[i]!;
    const second = b[j]!;
    const end = Math.min(first.end, second.end);
    result.push({ start, end, a: part(first, start, end), b: part(second, start, end) });
    if (first.end === end) i++;
    if (second.end === end) j++;
    start = end;
  }
  return result;
}

function part(piece: RatePiece, start: number, end: number): Line {
  const rateAt = (time: number): number => {
    if (time === piece.start) return piece.from;
    if (time === piece.end) return piece.to;
    const share = (time - piece.start) / (piece.end - piece.start);
    return piece.from + (piece.to - piece.from) * share;
  };
  return { from: rateAt(start), to: rateAt(end) };
}
