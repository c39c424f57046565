import type { CallObserver } from "../../../../sim/dataplane/callObserver.ts";
import { OK } from "../../../../sim/dataplane/failure.ts";
import { micros, toSeconds } from "../../../../sim/kernel/time.ts";
import type { Model } from "../../../../sim/scenario/build/model.ts";
import { type ModelOptions, modelOf, type ScenarioText } from "../../../support/scenarios.ts";

/** Calls of one service, or of one traffic to it, in seconds. */
export class Calls {
  answered = 0;
  waited = 0;
  waitSum = 0;
  waitSquares = 0;
  responseSum = 0;
  /** All that ended, by number of their reason; 0 is an answer. */
  readonly byReason = new Map<number, number>();
  /** Answers that waited, or took, at most so long. */
  readonly waitsWithin: Map<number, number>;
  readonly responsesWithin: Map<number, number>;
  /** Of all that ended, failed ones included. */
  allWaitSum = 0;
  allWaited = 0;
  allLatencySum = 0;
  /** First attempts of calls, and those of them that failed. */
  firstAttempts = 0;
  firstFailures = 0;

  constructor(thresholds: Thresholds) {
    this.waitsWithin = new Map(thresholds.waits.map((limit) => [limit, 0]));
    this.responsesWithin = new Map(thresholds.responses.map((limit) => [limit, 0]));
  }

  get ended(): number {
    return [...this.byReason.values()].reduce((sum, count) => sum + count, 0);
  }

  /** A call's first attempt has ended. */
  addFirst(reason: number): void {
    this.firstAttempts++;
    if (reason !== OK) this.firstFailures++;
  }

  add(reason: number, response: number, wait: number): void {
    this.byReason.set(reason, (this.byReason.get(reason) ?? 0) + 1);
    this.allWaitSum += wait;
    this.allLatencySum += response;
    if (wait > 0) this.allWaited++;
    if (reason !== OK) return;
    this.answered++;
    if (wait > 0) this.waited++;
    this.waitSum += wait;
    this.waitSquares += wait * wait;
    this.responseSum += response;
    countWithin(this.waitsWithin, wait);
    countWithin(this.responsesWithin, response);
  }
}

/** Limits in seconds, for shares of what lies within them. */
export interface Thresholds {
  readonly waits: readonly number[];
  readonly responses: readonly number[];
}

/** A look at the model every so many seconds of its measured time. */
export interface Looks {
  readonly every: number;
  readonly at: (model: Model) => void;
}

const NONE: Thresholds = { waits: [], responses: [] };

function countWithin(counts: Map<number, number>, value: number): void {
  for (const [limit, count] of counts) if (value <= limit) counts.set(limit, count + 1);
}

/** Requests that came in the measured time, and what their clients saw of them, in seconds. */
export interface ClientRequests {
  started: number;
  answered: number;
  failed: number;
  latencySum: number;
}

/** Notes the requests of a run from its measured time on. */
function watchClients({ recorder }: Model): ClientRequests {
  const seen = { started: 0, answered: 0, failed: 0, latencySum: 0 };
  const started = recorder.requestStarted.bind(recorder);
  const completed = recorder.requestCompleted.bind(recorder);
  const failed = recorder.requestFailed.bind(recorder);
  recorder.requestStarted = () => {
    seen.started++;
    started();
  };
  recorder.requestCompleted = (latency) => {
    seen.answered++;
    seen.latencySum += latency / 1e6;
    completed(latency);
  };
  recorder.requestFailed = (reason, latency) => {
    seen.failed++;
    seen.latencySum += latency / 1e6;
    failed(reason, latency);
  };
  return seen;
}

function look(model: Model, { every, at }: Looks): void {
  const { warmUp } = model.scenario;
  for (let time = warmUp + every * 1e6; time <= model.end; time += every * 1e6) {
    model.run(micros(Math.round(time)));
    at(model);
  }
}

/** What was seen in the measured time of one run. */
export interface Observed {
  readonly model: Model;
  readonly seconds: number;
  /** By index of the service in the plan. */
  readonly services: readonly Calls[];
  /** By index of the traffic; calls to all services. */
  readonly traffic: readonly Calls[];
  readonly clients: ClientRequests;
  /** Calls to a service by its name. */
  readonly of: (service: string) => Calls;
}

/** Runs a scenario the way a user's would be, and watches its calls from the warm-up's end on. */
export function observe(
  scenario: ScenarioText,
  options: Omit<ModelOptions, "observer">,
  {
    thresholds = NONE,
    looks = null,
  }: { readonly thresholds?: Thresholds; readonly looks?: Looks | null } = {},
): Observed {
  let services: Calls[] = [];
  let traffic: Calls[] = [];
  const observer: CallObserver = {
    ended(service, from, reason, latency, waited, attempt) {
      const [response, wait] = [latency / 1e6, waited / 1e6];
      services[service]?.add(reason, response, wait);
      if (attempt === 0) services[service]?.addFirst(reason);
      traffic[from]?.add(reason, response, wait);
    },
  };
  const model = modelOf(scenario, { ...options, observer });
  model.run(model.scenario.warmUp);
  const clients = watchClients(model);
  services = model.plan.services.map(() => new Calls(thresholds));
  traffic = model.plan.traffic.map(() => new Calls(thresholds));
  if (looks !== null) look(model, looks);
  model.run();
  const of = (name: string): Calls =>
    services[model.plan.services.findIndex((service) => service.name === name)]!;
  return { model, seconds: toSeconds(model.scenario.duration), services, traffic, clients, of };
}
