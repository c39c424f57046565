import {
  exactly,
  numberAt,
  objectAt,
  type StatisticalModel,
  seedOf,
} from "../../statistical/model.ts";
import { measured, metricSpecs, QUEUE } from "./measures.ts";
import { observe } from "./observed.ts";
import { time } from "./scenarios.ts";
import { fcfs, numberOr } from "./singleQueue.ts";

const NAMES = ["meanResponse", "meanInSystem", "probWait", "utilization", "meanArrivalRate"];
/** Changes of phase in one replication, at least, and requests at most. */
const CYCLES = 1_500;
const MOST = 1_500_000;

/** Arrivals that switch between two rates. */
export const bursts: StatisticalModel = {
  metrics(testCase) {
    const expected = objectAt(testCase, "expected");
    const ratio = exactly("ratioToPoisson", numberAt(expected, "ratioToPoisson"), "mean");
    return [...metricSpecs(expected, NAMES), ratio];
  },
  replicate(testCase, replication) {
    const params = objectAt(testCase, "params");
    const expected = objectAt(testCase, "expected");
    const at = (name: string): number => numberAt(params, name);
    const stays = [1 / at("rateLowToHigh"), 1 / at("rateHighToLow")];
    const cycle = stays[0]! + stays[1]!;
    const rate = (at("lambdaLow") * stays[0]! + at("lambdaHigh") * stays[1]!) / cycle;
    const duration = Math.min(CYCLES * cycle, MOST / rate);
    const mmpp = [
      { intensity: at("lambdaLow"), stay: time(stays[0]!) },
      { intensity: at("lambdaHigh"), stay: time(stays[1]!) },
    ];
    const servers = numberOr(params, "servers", 1);
    const mu = at("mu");
    const seen = observe(
      {
        seed: seedOf(testCase),
        warmUp: time(duration / 20),
        duration: time(duration),
        services: { [QUEUE]: fcfs(servers, { exponential: time(1 / mu) }) },
        traffic: { users: { rate: `${rate}/s`, arrivals: { mmpp }, call: QUEUE } },
      },
      { replication },
    );
    const values = measured(seen, { params, expected }, NAMES);
    return [...values, values[0]! / poissonResponse(rate, mu, servers)];
  },
};

/** Mean response of M/M/c, by Erlang's formula C: what the table's ratio is taken against. */
function poissonResponse(rate: number, mu: number, servers: number): number {
  const load = rate / mu;
  let blocking = 1;
  for (let n = 1; n <= servers; n++) blocking = (load * blocking) / (n + load * blocking);
  const waits = blocking / (1 - (load / servers) * (1 - blocking));
  return 1 / mu + waits / (servers * mu - rate);
}
