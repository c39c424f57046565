import { FLAG, INT, STRIDE } from "../../sim/dataplane/exact/callTable.ts";
import { FAILURE_REASONS, type FailureReason } from "../../sim/dataplane/failure.ts";
import { summariseModel } from "../../sim/experiment/replication.ts";
import { topicResults } from "../../sim/experiment/topics.ts";
import { toMillis } from "../../sim/kernel/time.ts";
import type { RolloutOutcome, TopicCounts } from "../../sim/result/result.ts";
import type { Model } from "../../sim/scenario/build/model.ts";

const { FLAGS, REPLICA } = INT;
const { PROBE } = FLAG;

/** What became of one request, in milliseconds. */
export interface SeenRequest {
  readonly end: number;
  readonly latency: number;
  readonly outcome: "ok" | FailureReason;
}

/** Notes every measured request as it ends, in order. */
function watchRequests(model: Model): readonly SeenRequest[] {
  const seen: SeenRequest[] = [];
  const { recorder, simulation } = model;
  const completed = recorder.requestCompleted.bind(recorder);
  const failed = recorder.requestFailed.bind(recorder);
  recorder.requestCompleted = (latency) => {
    seen.push({ end: toMillis(simulation.now), latency: toMillis(latency), outcome: "ok" });
    completed(latency);
  };
  recorder.requestFailed = (reason, latency) => {
    const outcome = FAILURE_REASONS[reason]!;
    seen.push({ end: toMillis(simulation.now), latency: toMillis(latency), outcome });
    failed(reason, latency);
  };
  return seen;
}

/** Instants at which measured requests were due, in milliseconds. */
export function watchArrivals(model: Model): readonly number[] {
  const seen: number[] = [];
  const { recorder, simulation } = model;
  const started = recorder.requestStarted.bind(recorder);
  recorder.requestStarted = () => {
    seen.push(toMillis(simulation.now));
    started();
  };
  return seen;
}

/** Runs to the end and gives what became of every request. */
export function requestsOf(model: Model): readonly SeenRequest[] {
  const seen = watchRequests(model);
  model.run();
  return seen;
}

/** Calls that reached a service, over the whole run. */
export function callsTo(model: Model, service: string): number {
  return sum(seriesOf(model, service).arrivals);
}

export function seriesOf(model: Model, service: string): Model["recorder"]["services"][number] {
  return model.recorder.services[serviceIndex(model, service)]!;
}

export const serviceIndex = (model: Model, service: string): number =>
  model.plan.services.findIndex(({ name }) => name === service);

export const sum = (values: readonly (number | null)[]): number =>
  values.reduce<number>((total, value) => total + (value ?? 0), 0);

/** How every release went, in the order of the file. */
export const outcomesOf = (model: Model): readonly RolloutOutcome[] =>
  summariseModel(model, 0, false).rollouts;

/** How the first one did. */
export const outcomeOf = (model: Model): RolloutOutcome => outcomesOf(model)[0]!;

/** What became of the messages of the only consumer group. */
export const topicCounts = (model: Model): TopicCounts => topicResults(model).topics![0]!;

/** Ends of the work on them in whole seconds, by the number of the message. */
export const consumptionEnds = (model: Model): readonly (number | null)[] =>
  model.plane.consumers.groups[0]!.ledger.messages.map(({ consumedAt }) =>
    consumedAt === null ? null : Math.round(consumedAt / 1e6),
  );

/** The counters behind the model, read off its snapshot. */
export interface PlaneBooks {
  readonly liveRows: number;
  readonly busySlots: readonly number[];
  readonly queueLength: readonly number[];
  readonly outstanding: readonly number[];
  readonly cpuRate: readonly number[];
  /** Probes in it: in slots and queues like requests, and not among the outstanding ones. */
  readonly probing: readonly number[];
  /** Connections in use, by replica and pool. */
  readonly connections: readonly (readonly number[])[];
  readonly service: readonly number[];
  /** 0 gone, 1 serving, 2 draining. */
  readonly phase: readonly number[];
}

export function booksOf(model: Model): PlaneBooks {
  const state = model.plane.state() as unknown as PlaneState; // what the data plane writes
  const { columns, pools } = state.replicas;
  return {
    liveRows: state.rows.live,
    busySlots: columns["busySlots"]!,
    queueLength: columns["queueLength"]!,
    outstanding: columns["outstanding"]!,
    cpuRate: columns["cpuRate"]!,
    probing: columns["service"]!.map((_, replica) => probesIn(state.rows, replica)),
    connections: pools.map((list) => list.map((pool) => pool.used)),
    service: columns["service"]!,
    phase: columns["phase"]!,
  };
}

function probesIn({ int }: PlaneState["rows"], replica: number): number {
  let count = 0;
  for (let row = 0; row < int.length; row += STRIDE) {
    if (int[row + REPLICA] === replica && (int[row + FLAGS]! & PROBE) !== 0) count++;
  }
  return count;
}

interface PlaneState {
  readonly rows: { readonly live: number; readonly int: readonly number[] };
  readonly replicas: {
    readonly columns: Readonly<Record<string, readonly number[]>>;
    readonly pools: readonly (readonly { readonly used: number }[])[];
  };
}
