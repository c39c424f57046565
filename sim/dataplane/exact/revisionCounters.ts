import type { RevisionCounts } from "../../cluster/dataPlane.ts";
import { present } from "../../kernel/assert.ts";
import { type Json, plainState, savedState } from "../../kernel/json.ts";
import type { Micros } from "../../kernel/time.ts";
import { LatencyHistogram, type LatencyHistogramState } from "../../stats/latencyHistogram.ts";
import type { PlannedService } from "../callplan/plan.ts";
import { quantilesOf, RecentCounts } from "./recentCounts.ts";

interface Counter {
  requests: number;
  failures: number;
}

/** Requests, failures and latencies of each revision since the last reset, as callers saw them. */
export class RevisionCounters {
  readonly #counters: readonly (readonly Counter[])[];
  /** Null where nobody watches the latencies of the service. */
  readonly #latencies: (readonly LatencyHistogram[] | null)[];
  /** Of all revisions since the last scrape; null where nobody scrapes them. */
  readonly #scraped: (LatencyHistogram | null)[];

  /** Null where nobody asks for windows. */
  readonly #recent: (readonly RecentCounts[] | null)[];
  readonly #clock: { readonly now: number };

  constructor(
    services: readonly Pick<PlannedService, "revisions">[],
    clock: { readonly now: number },
  ) {
    this.#clock = clock;
    this.#recent = services.map(() => null);
    this.#counters = services.map(({ revisions }) =>
      revisions.map(() => ({ requests: 0, failures: 0 })),
    );
    this.#latencies = services.map(() => null);
    this.#scraped = services.map(() => null);
  }

  watch(service: number): void {
    this.#latencies[service] ??= this.#counters[service]!.map(() => new LatencyHistogram());
  }

  /** From now on the last while, of at most this length, can be asked for. */
  watchWindows(service: number, longest: Micros): void {
    this.#recent[service] = this.#counters[service]!.map(() => new RecentCounts(longest));
  }

  watchScrapes(service: number): void {
    this.watch(service);
    this.#scraped[service] ??= new LatencyHistogram();
  }

  /** Latencies since the last time; only of services whose scrapes are watched. */
  takeScraped(service: number): LatencyHistogramState {
    const latencies = present(this.#scraped[service], "latencies");
    const taken = latencies.state();
    latencies.reset();
    return taken;
  }

  add(service: number, revision: number, failed: boolean, latency: number): void {
    const counter = this.#counters[service]![revision]!;
    this.#recent[service]?.[revision]?.add(this.#clock.now, failed, latency);
    counter.requests++;
    if (failed) {
      counter.failures++;
      return;
    }
    const latencies = this.#latencies[service]!;
    if (latencies === null) return;
    latencies[revision]!.record(latency);
    this.#scraped[service]?.record(latency);
  }

  counts(service: number, revision: number): RevisionCounts {
    const { requests, failures } = present(this.#counters[service]?.[revision], "revision");
    return { requests, failures, ...quantilesOf(this.#latencies[service]?.[revision] ?? null) };
  }

  /** The same over the last while, which resets leave alone. */
  recent(service: number, revision: number, window: Micros): RevisionCounts {
    const recent = present(this.#recent[service]?.[revision], "counts of windows");
    return recent.within(window, this.#clock.now);
  }

  reset(service: number): void {
    for (const counter of this.#counters[service]!) {
      counter.requests = 0;
      counter.failures = 0;
    }
    for (const latencies of this.#latencies[service] ?? []) latencies.reset();
  }

  state(): Json {
    return {
      counters: this.#counters.map((list) => list.map((counter) => ({ ...counter }))),
      latencies: this.#latencies.map(
        (list) => list?.map((latencies) => plainState(latencies.state())) ?? null,
      ),
      scraped: this.#scraped.map((latencies) => latencies?.state() ?? null),
      recent: this.#recent.map((list) => list?.map((counts) => counts.state()) ?? null),
    };
  }

  restore(state: Json): void {
    const saved = savedState<CountersState>(state);
    saved.counters.forEach((list, service) => {
      list.forEach((counter, revision) => {
        Object.assign(this.#counters[service]![revision]!, counter);
      });
    });
    saved.latencies.forEach((list, service) => {
      if (list === null) return;
      this.watch(service);
      list.forEach((latencies, revision) => {
        this.#latencies[service]![revision]!.restore(latencies);
      });
    });
    saved.scraped.forEach((latencies, service) => {
      if (latencies === null) return;
      this.watchScrapes(service);
      this.#scraped[service]!.restore(latencies);
    });
    saved.recent.forEach((list, service) => {
      list?.forEach((counts, revision) => {
        this.#recent[service]?.[revision]?.restore(counts);
      });
    });
  }
}

interface CountersState {
  readonly recent: readonly (readonly Json[] | null)[];
  readonly scraped: readonly (LatencyHistogramState | null)[];
  readonly counters: readonly (readonly Counter[])[];
  readonly latencies: readonly (readonly LatencyHistogramState[] | null)[];
}
