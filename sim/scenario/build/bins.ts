/** Widths that people read without arithmetic, in seconds. */
const WIDTHS = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 86_400];
const BINS_MAX = 200;

/** Width of a timeline's bins for a measured time of `duration` microseconds: at most 200 bins. */
export function binMicros(duration: number): number {
  const width = WIDTHS.find((seconds) => duration / (seconds * 1_000_000) <= BINS_MAX);
  return (width ?? 86_400) * 1_000_000;
}
