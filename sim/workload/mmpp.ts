import { assert } from "../kernel/assert.ts";
import { streamExponential } from "../kernel/exponential.ts";
import { type Json, savedState } from "../kernel/json.ts";
import type { RandomStream, StreamState } from "../kernel/streams.ts";
import { roundHalfEven } from "../kernel/time.ts";
import type { ArrivalProcess } from "./arrivals.ts";
import { type PhaseSpec, stationaryShares } from "./phases.ts";
import type { RateProfile } from "./rateProfile.ts";
import { WeightedChoice } from "./weightedChoice.ts";

/**
 * Markov-modulated Poisson process (Fischer & Meier-Hellstern, Performance Evaluation 18, 1993):
 * Poisson arrivals of the profile's rate times the intensity of a phase that changes at
 * exponential times. It begins in its stationary law. Phases have a stream of their own, so that
 * bursts come at the same times whatever the rate.
 */
export function mmppArrivals(
  profile: RateProfile,
  phases: readonly PhaseSpec[],
  streams: { readonly arrivals: RandomStream; readonly phases: RandomStream },
): ArrivalProcess {
  return new MmppArrivals(profile, phases, streams);
}

interface MmppState {
  readonly area: number;
  readonly phase: number;
  readonly phaseEnd: number;
  readonly arrivals: StreamState;
  readonly phases: StreamState;
}

class MmppArrivals implements ArrivalProcess {
  readonly #profile: RateProfile;
  readonly #phases: readonly PhaseSpec[];
  readonly #next: readonly (WeightedChoice | null)[];
  readonly #arrivals: RandomStream;
  readonly #changes: RandomStream;
  /** Arrivals that the profile expects up to now, whatever the phases. */
  #area = 0;
  #phase: number;
  #phaseEnd = 0;

  constructor(
    profile: RateProfile,
    phases: readonly PhaseSpec[],
    streams: { readonly arrivals: RandomStream; readonly phases: RandomStream },
  ) {
    const shares = stationaryShares(phases);
    assert(shares !== null, "some phase is never reached");
    this.#profile = profile;
    this.#phases = phases;
    this.#next = phases.map(({ next }) =>
      next.some((weight) => weight > 0) ? new WeightedChoice(next) : null,
    );
    this.#arrivals = streams.arrivals;
    this.#changes = streams.phases;
    this.#phase = new WeightedChoice(shares).pick(this.#changes.uniform());
    this.#phaseEnd = this.#stay();
  }

  next(): number {
    const profile = this.#profile;
    let needed = streamExponential(this.#arrivals);
    while (this.#area < profile.total) {
      const { intensity } = this.#phases[this.#phase]!;
      const end = profile.cumulative(this.#phaseEnd);
      const available = (end - this.#area) * intensity;
      if (needed < available) {
        this.#area += needed / intensity;
        return roundHalfEven(profile.timeOfCumulative(this.#area));
      }
      needed -= available;
      this.#area = end;
      this.#change();
    }
    return Infinity;
  }

  state(): Json {
    return {
      area: this.#area,
      phase: this.#phase,
      phaseEnd: this.#phaseEnd,
      arrivals: { ...this.#arrivals.state() },
      phases: { ...this.#changes.state() },
    };
  }

  restore(state: Json): void {
    const saved = savedState<MmppState>(state);
    this.#area = saved.area;
    this.#phase = saved.phase;
    this.#phaseEnd = saved.phaseEnd;
    this.#arrivals.restore(saved.arrivals);
    this.#changes.restore(saved.phases);
  }

  #change(): void {
    this.#phase = this.#next[this.#phase]?.pick(this.#changes.uniform()) ?? this.#phase;
    this.#phaseEnd += this.#stay();
  }

  #stay(): number {
    return this.#phases[this.#phase]!.stay * streamExponential(this.#changes);
  }
}
