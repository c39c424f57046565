import type { RevisionCounts } from "../../cluster/dataPlane.ts";
import type { Json } from "../../kernel/json.ts";
import { plainState, savedState } from "../../kernel/json.ts";
import { type Micros, seconds, toMillis } from "../../kernel/time.ts";
import { LatencyHistogram, type LatencyHistogramState } from "../../stats/latencyHistogram.ts";

/** How finely a window is cut: as a Prometheus that scrapes every five seconds would know it. */
const SLICE = seconds(5);

interface Slice {
  /** Its start, in slices from time zero. */
  readonly number: number;
  readonly requests: number;
  readonly failures: number;
  readonly latencies: LatencyHistogramState;
}

/**
 * Requests, failures and latencies of one revision over the last while: what a query with a range
 * (`rate(…[1m])`) sees, whatever was reset. A window holds the slices of five seconds that it
 * touches, the one in progress included.
 */
export class RecentCounts {
  /** Slices that are kept, the one in progress included. */
  readonly #most: number;
  #slices: Slice[] = [];
  #number = 0;
  #requests = 0;
  #failures = 0;
  readonly #latencies = new LatencyHistogram();

  /** `longest`: no window that is asked for is longer. */
  constructor(longest: Micros) {
    this.#most = Math.ceil(longest / SLICE) + 1;
  }

  add(now: number, failed: boolean, latency: number): void {
    this.#turnTo(now);
    this.#requests++;
    if (failed) this.#failures++;
    else this.#latencies.record(latency);
  }

  /** Counts of the last `window` before `now`. */
  within(window: Micros, now: number): RevisionCounts {
    this.#turnTo(now);
    const first = Math.floor((now - window) / SLICE);
    const latencies = new LatencyHistogram();
    latencies.merge(this.#latencies);
    let requests = this.#requests;
    let failures = this.#failures;
    for (const slice of this.#slices) {
      if (slice.number < first) continue;
      requests += slice.requests;
      failures += slice.failures;
      latencies.mergeState(slice.latencies);
    }
    return { requests, failures, ...quantilesOf(latencies) };
  }

  /** Closes the slice in progress when it is over, and forgets those that no window touches. */
  #turnTo(now: number): void {
    const number = Math.floor(now / SLICE);
    if (number === this.#number) return;
    if (this.#requests > 0) {
      this.#slices.push({
        number: this.#number,
        requests: this.#requests,
        failures: this.#failures,
        latencies: this.#latencies.state(),
      });
      this.#requests = 0;
      this.#failures = 0;
      this.#latencies.reset();
    }
    this.#number = number;
    this.#slices = this.#slices.filter((slice) => slice.number > number - this.#most);
  }

  state(): Json {
    return plainState({
      slices: this.#slices,
      number: this.#number,
      requests: this.#requests,
      failures: this.#failures,
      latencies: this.#latencies.state(),
    });
  }

  restore(state: Json): void {
    const saved = savedState<Slice & { readonly slices: readonly Slice[] }>(state);
    this.#slices = [...saved.slices];
    this.#number = saved.number;
    this.#requests = saved.requests;
    this.#failures = saved.failures;
    this.#latencies.restore(saved.latencies);
  }
}

/** Of answered requests, in ms; null without one. */
export function quantilesOf(
  latencies: LatencyHistogram | null,
): Pick<RevisionCounts, "p50Ms" | "p95Ms" | "p99Ms"> {
  const quantile = (q: number): number | null => {
    const value = latencies?.quantile(q) ?? null;
    return value === null ? null : toMillis(value);
  };
  return { p50Ms: quantile(0.5), p95Ms: quantile(0.95), p99Ms: quantile(0.99) };
}
