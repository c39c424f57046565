export interface CounterSample {
  readonly time: number;
  readonly value: number;
}

/** A gap at an end of the window is bridged when it is shorter than so many sampling intervals. */
const BRIDGED = 1.1;

/**
 * Per second, what Prometheus' `rate(counter[window])` gives at a moment: the increase between the
 * first and the last sample within (at − window, at], stretched to the ends of the window where
 * samples are near them, else by half an interval, and never to before the counter was 0. So a
 * series that is younger than its window shows less than its true rate. Null with less than two
 * samples. Samples are in order of time, in microseconds; a lower value is a counter that began
 * anew.
 *
 * Source: https://prometheus.io/docs/prometheus/latest/querying/functions/#rate
 */
export function extrapolatedRate(
  samples: readonly CounterSample[],
  { at, window }: { readonly at: number; readonly window: number },
): number | null {
  const within = samples.filter(({ time }) => time > at - window && time <= at);
  const first = within[0];
  const last = within.at(-1);
  if (first === undefined || last === undefined || within.length < 2) return null;
  let increase = 0;
  within.reduce((before, sample) => {
    increase += sample.value < before.value ? sample.value : sample.value - before.value;
    return sample;
  });
  const sampled = last.time - first.time;
  const interval = sampled / (within.length - 1);
  const near = (gap: number): number => (gap < interval * BRIDGED ? gap : interval / 2);
  let toStart = near(first.time - (at - window));
  if (increase > 0) toStart = Math.min(toStart, (sampled * first.value) / increase);
  const covered = sampled + toStart + near(at - last.time);
  return (increase * covered * 1_000_000) / (sampled * window);
}
