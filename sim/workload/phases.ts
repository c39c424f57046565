/** One phase of a Markov-modulated process. */
export interface PhaseSpec {
  /** Rate of arrivals in it, relative to that in the other phases. */
  readonly intensity: number;
  /** Mean of the exponential time that it lasts, in microseconds. */
  readonly stay: number;
  /** How often each phase follows, relative to the others; that of the phase itself is 0. */
  readonly next: readonly number[];
}

/**
 * Share of the time that each phase has in the long run, by state reduction (Grassmann, Taksar &
 * Heyman, Operations Research 33(5), 1985), which subtracts nothing and so loses no digits. Null
 * when some phase can never be reached from another.
 */
export function stationaryShares(phases: readonly PhaseSpec[]): readonly number[] | null {
  const rates = phases.map(({ stay, next }) => {
    const total = next.reduce((sum, weight) => sum + weight, 0);
    return next.map((weight) => (total > 0 ? weight / total / stay : 0));
  });
  for (let n = phases.length - 1; n > 0; n--) {
    const out = sum(rates[n]!.slice(0, n));
    if (!(out > 0)) return null;
    for (let i = 0; i < n; i++) {
      rates[i]![n]! /= out;
      for (let j = 0; j < n; j++) {
        if (i !== j) rates[i]![j]! += rates[i]![n]! * rates[n]![j]!;
      }
    }
  }
  const shares = [1];
  for (let n = 1; n < phases.length; n++) {
    shares.push(sum(shares.map((share, i) => share * rates[i]![n]!)));
  }
  const total = sum(shares);
  return shares.every((share) => share > 0) ? shares.map((share) => share / total) : null;
}

/** The phases with intensities of mean 1 over time; null as above, or when nothing ever arrives. */
export function ofMeanOne(phases: readonly PhaseSpec[]): readonly PhaseSpec[] | null {
  const shares = stationaryShares(phases);
  if (shares === null) return null;
  const mean = sum(phases.map(({ intensity }, i) => intensity * shares[i]!));
  if (!(mean > 0)) return null;
  return phases.map((phase) => ({ ...phase, intensity: phase.intensity / mean }));
}

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);
