import { streamExponential } from "../kernel/exponential.ts";
import { type Json, savedState } from "../kernel/json.ts";
import type { RandomStream, StreamState } from "../kernel/streams.ts";
import { roundHalfEven } from "../kernel/time.ts";
import type { RateProfile } from "./rateProfile.ts";

/** Instants at which an open workload's requests are due. */
export interface ArrivalProcess {
  /**
   * The next instant in whole microseconds, never before the last one; infinity when there are no
   * more.
   */
  next(): number;
  state(): Json;
  restore(state: Json): void;
}

/**
 * Poisson process of the profile's rate, by inversion (Çinlar, "Introduction to Stochastic
 * Processes", 1975): unit-exponential steps on the scale of expected arrivals, mapped back to time.
 * Unlike sampling the gap from the current rate, it is exact on ramps, and no candidate is thrown
 * away.
 */
export function poissonArrivals(profile: RateProfile, stream: RandomStream): ArrivalProcess {
  return new PoissonArrivals(profile, stream);
}

/**
 * k6's `ramping-arrival-rate`: iteration i = 1, 2, … is due when i arrivals are expected (k6
 * documentation, "Ramping arrival rate"). No randomness.
 */
export function pacedArrivals(profile: RateProfile): ArrivalProcess {
  return new PacedArrivals(profile);
}

interface PoissonState {
  readonly area: number;
  readonly stream: StreamState;
}

class PoissonArrivals implements ArrivalProcess {
  readonly #profile: RateProfile;
  readonly #stream: RandomStream;
  #area = 0;
  #piece = 0;

  constructor(profile: RateProfile, stream: RandomStream) {
    this.#profile = profile;
    this.#stream = stream;
  }

  next(): number {
    const profile = this.#profile;
    if (this.#area > profile.total) return Infinity;
    this.#area += streamExponential(this.#stream);
    const area = this.#area;
    if (area > profile.total) return Infinity;
    let piece = this.#piece;
    while (profile.areaAfter(piece) < area) piece++;
    this.#piece = piece;
    return roundHalfEven(profile.timeInPiece(piece, area));
  }

  state(): Json {
    return { area: this.#area, stream: { ...this.#stream.state() } };
  }

  restore(state: Json): void {
    const { area, stream } = savedState<PoissonState>(state);
    this.#area = area;
    this.#piece = 0;
    this.#stream.restore(stream);
  }
}

/**
 * An area that should be whole may miss it by rounding; the iteration at the very end counts, as in
 * k6.
 */
const ROUNDING = 1e-12;

class PacedArrivals implements ArrivalProcess {
  readonly #profile: RateProfile;
  #iteration = 0;
  #piece = 0;

  constructor(profile: RateProfile) {
    this.#profile = profile;
  }

  next(): number {
    const profile = this.#profile;
    const iteration = this.#iteration + 1;
    if (iteration > profile.total + ROUNDING * (1 + profile.total)) return Infinity;
    this.#iteration = iteration;
    const area = Math.min(iteration, profile.total);
    let piece = this.#piece;
    while (profile.areaAfter(piece) < area) piece++;
    this.#piece = piece;
    return roundHalfEven(profile.timeInPiece(piece, area));
  }

  state(): Json {
    return this.#iteration;
  }

  restore(state: Json): void {
    this.#iteration = state as number; // what `state` gave
    this.#piece = 0;
  }
}
