import type { Simulation } from "../../kernel/simulation.ts";
import type { Recorder } from "../../result/recorder.ts";
import type { CallObserver } from "../callObserver.ts";
import type { PlannedService } from "../callplan/plan.ts";
import { OK, TIMEOUT } from "../failure.ts";
import { type CallTable, INT, REAL } from "./callTable.ts";
import type { Outliers } from "./outliers.ts";
import { type PlaneParts, TRACE } from "./parts.ts";
import type { ReplicaTable } from "./replicaTable.ts";
import type { RevisionCounters } from "./revisionCounters.ts";
import type { Shards } from "./shards.ts";

const { ATTEMPT, REPLICA, TRAFFIC } = INT;
const { SERVED, START, WAITED } = REAL;

/** Whoever keeps count of how attempts end, as their callers see it. */
export class CallBooks {
  readonly #simulation: Simulation;
  readonly #services: readonly PlannedService[];
  readonly #recorder: Recorder;
  readonly #rows: CallTable;
  readonly #replicas: ReplicaTable;
  readonly #counters: RevisionCounters;
  readonly #outliers: Outliers;
  readonly #shards: Shards;
  /** Some datastore has shards or replicas. */
  readonly #hasShards: boolean;
  readonly #observer: CallObserver | null;
  /** Some service ejects outliers. */
  readonly #hasOutliers: boolean;

  constructor(
    parts: PlaneParts,
    others: {
      readonly counters: RevisionCounters;
      readonly outliers: Outliers;
      readonly shards: Shards;
    },
  ) {
    this.#simulation = parts.simulation;
    this.#services = parts.plan.services;
    this.#recorder = parts.recorder;
    this.#rows = parts.rows;
    this.#replicas = parts.replicas;
    this.#counters = others.counters;
    this.#outliers = others.outliers;
    this.#shards = others.shards;
    this.#hasShards = this.#services.some(({ replication }) => replication !== null);
    this.#observer = parts.observer;
    this.#hasOutliers = this.#services.some(({ outlierDetection }) => outlierDetection !== null);
  }

  /** One attempt at a service has ended. */
  book(row: number, service: number, reason: number): void {
    const { int, real } = this.#rows;
    const recorder = this.#recorder;
    const { now } = this.#simulation;
    const latency = now - real[row + START]!;
    this.#simulation.digest.add(now, TRACE.answered + (reason << 4), latency);
    const replica = int[row + REPLICA]!;
    if (replica >= 0) {
      const revision = this.#replicas.revision[replica]!;
      this.#counters.add(service, revision, reason !== OK, latency);
    }
    if (this.#hasOutliers && this.#services[service]!.outlierDetection !== null) {
      this.#outliers.ended(service, row, reason);
    }
    if (reason === OK) {
      if (this.#hasShards) this.#shards.answered(service, row);
      recorder.answered[service]!++;
      recorder.queued[service]! += real[row + WAITED]!;
      recorder.served[service]! += real[row + SERVED]!;
      recorder.total[service]! += latency;
    } else {
      recorder.failures[service]!++;
      if (reason === TIMEOUT) recorder.attempts.timeouts[service]!++;
    }
    if (this.#observer === null) return;
    const [traffic, attempt] = [int[row + TRAFFIC]!, int[row + ATTEMPT]!];
    this.#observer.ended(service, traffic, reason, latency, real[row + WAITED]!, attempt);
  }
}
