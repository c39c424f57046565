import type { CallObserver } from "../../../../sim/dataplane/callObserver.ts";
import { OK } from "../../../../sim/dataplane/failure.ts";
import { toSeconds } from "../../../../sim/kernel/time.ts";
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

  constructor(thresholds: Thresholds) {
    this.waitsWithin = new Map(thresholds.waits.map((limit) => [limit, 0]));
    this.responsesWithin = new Map(thresholds.responses.map((limit) => [limit, 0]));
  }

  get ended(): number {
    return [...this.byReason.values()].reduce((sum, count) => sum + count, 0);
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

const NONE: Thresholds = { waits: [], responses: [] };

function countWithin(counts: Map<number, number>, value: number): void {
  for (const [limit, count] of counts) if (value <= limit) counts.set(limit, count + 1);
}

/** What was seen in the measured time of one run. */
export interface Observed {
  readonly model: Model;
  readonly seconds: number;
  /** By index of the service in the plan. */
  readonly services: readonly Calls[];
  /** By index of the traffic; calls to all services. */
  readonly traffic: readonly Calls[];
  /** Calls to a service by its name. */
  readonly of: (service: string) => Calls;
}

/** Runs a scenario the way a user's would be, and watches its calls from the warm-up's end on. */
export function observe(
  scenario: ScenarioText,
  options: Omit<ModelOptions, "observer">,
  thresholds: Thresholds = NONE,
): Observed {
  let services: Calls[] = [];
  let traffic: Calls[] = [];
  const observer: CallObserver = {
    ended(service, from, reason, latency, waited) {
      const [response, wait] = [latency / 1e6, waited / 1e6];
      services[service]?.add(reason, response, wait);
      traffic[from]?.add(reason, response, wait);
    },
  };
  const model = modelOf(scenario, { ...options, observer });
  model.run(model.scenario.warmUp);
  services = model.plan.services.map(() => new Calls(thresholds));
  traffic = model.plan.traffic.map(() => new Calls(thresholds));
  model.run();
  const of = (name: string): Calls =>
    services[model.plan.services.findIndex((service) => service.name === name)]!;
  return { model, seconds: toSeconds(model.scenario.duration), services, traffic, of };
}
