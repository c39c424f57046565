import { micros } from "../../../../sim/kernel/time.ts";
import type { Model } from "../../../../sim/scenario/build/model.ts";
import { modelOf, type ScenarioText } from "../../../support/scenarios.ts";
import type { Precision } from "../../statistical/acceptance.ts";
import {
  exactly,
  type MetricSpec,
  numberAt,
  objectAt,
  type StatisticalModel,
  seedOf,
} from "../../statistical/model.ts";
import { isObject, type JsonObject } from "../group.ts";
import { QUEUE } from "./measures.ts";
import { time } from "./scenarios.ts";
import { fcfs } from "./singleQueue.ts";

const REPLICATIONS = 1600;
/** Half-width of the 99 % interval with which a share counts as known. */
const SHARE = 0.005;
const LEVELS = ["meanInSystem", "meanQueueLength", "meanBusyServers"] as const;

type LevelMeans = Readonly<Record<(typeof LEVELS)[number], number>>;

/** A queue under a rate and servers that change in time, looked at when the table asks. */
export const transient: StatisticalModel = {
  replications: REPLICATIONS,
  metrics(testCase) {
    const expected = objectAt(testCase, "expected");
    const probes = objectAt(expected, "at");
    const shares = timesOf(testCase).map((at) =>
      exactly(`at ${at}.probWait`, numberAt(probes, at, "probWait"), "share"),
    );
    const windows = windowsOf(testCase).flatMap((window, index) => [
      ...levelSpecs(`windows.${index}`, window),
      exactly(
        `windows.${index}.fractionOfArrivalsThatWait`,
        numberAt(window, "fractionOfArrivalsThatWait"),
        "share",
      ),
    ]);
    const peak = exactly("peak", numberAt(expected, "peakMeanInSystem", "value"), "transient");
    // The average over the last window, which is the whole time, stands for the case.
    return [
      ...windows.slice(-LEVELS.length - 1),
      ...windows.slice(0, -LEVELS.length - 1),
      ...timesOf(testCase).flatMap((at) => levelSpecs(`at ${at}`, objectAt(probes, at))),
      ...shares,
      peak,
    ];
  },
  replicate(testCase, replication) {
    const systems = systemsOf(testCase);
    const model = modelOf(scenarioOf(testCase, systems), { replication });
    const start = model.scenario.warmUp;
    const windows = windowsOf(testCase).map((window) => new WindowReader(window, systems));
    const probes = new Map<string, LevelMeans & { readonly probWait: number }>();
    const peakTime = String(numberAt(objectAt(testCase, "expected"), "peakMeanInSystem", "time"));
    const wanted = [...new Set([...timesOf(testCase), peakTime])].map(Number);
    const edges = windows.flatMap(({ from, to }) => [from, to]);
    for (const at of [...new Set([...wanted, ...edges])].sort((a, b) => a - b)) {
      model.run(micros(Math.round(start + at * 1e6)));
      if (wanted.includes(at)) probes.set(String(at), look(model, systems));
      for (const window of windows) window.read(model, at);
    }
    const values = windows.map((window) => window.values(arrivalsIn(testCase, window)));
    return [
      ...values.at(-1)!,
      ...values.slice(0, -1).flat(),
      ...timesOf(testCase).flatMap((at) =>
        LEVELS.map((name) => probes.get(String(Number(at)))![name]),
      ),
      ...timesOf(testCase).map((at) => probes.get(String(Number(at)))!.probWait),
      probes.get(peakTime)!.meanInSystem,
    ];
  },
};

const timesOf = (testCase: JsonObject): readonly string[] =>
  Object.keys(objectAt(objectAt(testCase, "expected"), "at"));

function windowsOf(testCase: JsonObject): readonly JsonObject[] {
  const { windows } = objectAt(testCase, "expected");
  return Array.isArray(windows) ? windows.filter(isObject) : [];
}

function levelSpecs(prefix: string, table: JsonObject): readonly MetricSpec[] {
  const precision: Precision = "transient";
  return LEVELS.map((name) => exactly(`${prefix}.${name}`, numberAt(table, name), precision));
}

/**
 * Systems side by side in one replication, each with arrivals of its own: as many as the share that
 * is hardest to know needs over the least number of replications.
 */
function systemsOf(testCase: JsonObject): number {
  const probes = objectAt(objectAt(testCase, "expected"), "at");
  const variances = timesOf(testCase).map((at) => {
    const share = numberAt(probes, at, "probWait");
    return share * (1 - share);
  });
  return Math.ceil((1.1 * Math.max(...variances) * (2.6 / SHARE) ** 2) / REPLICATIONS) + 1;
}

interface Step {
  readonly from: number;
  readonly value: number;
}

function stepsOf(params: JsonObject, list: string, key: string): readonly Step[] {
  const steps = params[list];
  if (!Array.isArray(steps)) throw new Error(`no list of ${list}`);
  return steps.filter(isObject).map((step) => ({
    from: numberAt(step, "from"),
    value: numberAt(step, key),
  }));
}

/** Every replica is a system of its own: a share of a Poisson stream that is dealt at random. */
function scenarioOf(testCase: JsonObject, systems: number): ScenarioText {
  const params = objectAt(testCase, "params");
  const [rates, counts] = [
    stepsOf(params, "arrivals", "rate"),
    stepsOf(params, "servers", "count"),
  ];
  const mu = numberAt(params, "mu");
  const capacity = params["capacity"];
  const steps = counts.map(({ from, value }) => ({ from: time(from), count: value }));
  const load = rates[0]!.value / mu / counts[0]!.value;
  // Times after which the first segment has forgotten that it began empty.
  const relaxation = 1 / (counts[0]!.value * mu) / (1 - Math.sqrt(load)) ** 2 + 1 / mu;
  return {
    seed: seedOf(testCase),
    warmUp: params["start"] === "stationary" ? time(15 * relaxation) : "0s",
    duration: time(numberAt(params, "horizon")),
    services: {
      [QUEUE]: fcfs(
        1,
        { exponential: time(1 / mu) },
        {
          replicas: systems,
          balancer: "random",
          concurrency: { steps, drain: params["drain"] },
          ...(capacity === null ? {} : { queue: { capacity } }),
        },
      ),
    },
    traffic: {
      users: {
        rate: {
          steps: rates.map(({ from, value }) => ({
            at: time(from),
            rate: `${value * systems}/s`,
          })),
        },
        call: QUEUE,
      },
    },
  };
}

const figuresOf = ({ plane }: Model) => {
  const figures = plane.stationFigures(0);
  if (figures === null) throw new Error("the service has no station");
  return figures;
};

/** The systems at this moment. */
function look(model: Model, systems: number): LevelMeans & { readonly probWait: number } {
  const { waiting, busy } = figuresOf(model).now;
  let blocked = 0;
  for (let replica = 0; replica < systems; replica++) {
    if (!model.plane.hasIdleServer(replica)) blocked++;
  }
  return {
    meanInSystem: (waiting + busy) / systems,
    meanQueueLength: waiting / systems,
    meanBusyServers: busy / systems,
    probWait: blocked / systems,
  };
}

/** Arrivals that a system has in a window on average. */
function arrivalsIn(testCase: JsonObject, { from, to }: WindowReader): number {
  const rates = stepsOf(objectAt(testCase, "params"), "arrivals", "rate");
  return rates.reduce((sum, step, index) => {
    const end = rates[index + 1]?.from ?? Number.POSITIVE_INFINITY;
    return sum + step.value * Math.max(0, Math.min(end, to) - Math.max(step.from, from));
  }, 0);
}

/** Averages over a window of time. */
class WindowReader {
  readonly from: number;
  readonly to: number;
  readonly #systems: number;
  #begin: ReturnType<typeof figuresOf> | null = null;
  #end: ReturnType<typeof figuresOf> | null = null;

  constructor(window: JsonObject, systems: number) {
    this.from = numberAt(window, "from");
    this.to = numberAt(window, "to");
    this.#systems = systems;
  }

  read(model: Model, at: number): void {
    if (at === this.from) this.#begin = figuresOf(model);
    if (at === this.to) this.#end = figuresOf(model);
  }

  /** The levels and the share that waits, of `arrivals` a system. */
  values(arrivals: number): readonly number[] {
    const [begin, end] = [this.#begin, this.#end];
    if (begin === null || end === null) throw new Error("the window was not seen");
    const span = (this.to - this.from) * 1e6 * this.#systems;
    const waiting = (end.areas.waiting - begin.areas.waiting) / span;
    const busy = (end.areas.busy - begin.areas.busy) / span;
    const waited = end.counts.waited - begin.counts.waited;
    return [waiting + busy, waiting, busy, waited / this.#systems / arrivals];
  }
}
