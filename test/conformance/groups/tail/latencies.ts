import {
  exactly,
  numberAt,
  objectAt,
  type StatisticalModel,
  seedOf,
} from "../../statistical/model.ts";
import { distributionOf } from "../distributions.ts";
import { isObject, type JsonObject } from "../group.ts";
import { time } from "../queueing/scenarios.ts";
import {
  CallLatencies,
  latencySpecs,
  latencyValues,
  quantile,
  requests,
  shareBelow,
} from "./runs.ts";

const COUNT = 2_500;
/** A table of one share: fewer requests make it precise, where each of them is many calls. */
const SHARE_COUNT = 1_500;

const leafOf = (params: JsonObject): unknown => distributionOf(objectAt(params, "latency")).written;

/** Every request calls as many leaves at once, and ends with the slowest. */
const frontOf = (fanout: number): JsonObject => ({
  endpoints: { get: [{ parallel: Array.from({ length: fanout }, () => ({ call: "leaf" })) }] },
});

export const fanOut: StatisticalModel = {
  metrics(testCase) {
    const expected = objectAt(testCase, "expected");
    return [
      ...latencySpecs(expected),
      exactly("leafP99", 0.99, "share"),
      exactly("probSlowerThanLeafP99", numberAt(expected, "probSlowerThanLeafP99"), "share"),
    ];
  },
  replicate(testCase, replication) {
    const [params, expected] = [objectAt(testCase, "params"), objectAt(testCase, "expected")];
    const leaf = { endpoints: { get: [{ wait: leafOf(params) }] } };
    const calls = new CallLatencies();
    const { answered } = requests(
      COUNT,
      { services: { leaf, front: frontOf(numberAt(params, "fanout")) } },
      { seed: seedOf(testCase), replication, observer: calls.observer },
    );
    const leafP99 = numberAt(expected, "leafP99");
    return [
      ...latencyValues(expected, answered),
      shareBelow(calls.of(0), leafP99),
      1 - shareBelow(answered, leafP99),
    ];
  },
};

/** A slow leaf takes a second here, all others no time. */
export const tailAtScale: StatisticalModel = {
  metrics: (testCase) => [exactly("probSlow", numberAt(testCase, "expected", "probSlow"), "share")],
  replicate(testCase, replication) {
    const params = objectAt(testCase, "params");
    const slow = { probability: numberAt(params, "leafProbSlow"), steps: [{ wait: "1s" }] };
    const leaf = { endpoints: { get: [{ choose: [slow] }] } };
    const { answered, count } = requests(
      SHARE_COUNT,
      { services: { leaf, front: frontOf(numberAt(params, "fanout")) } },
      { seed: seedOf(testCase), replication },
    );
    return [answered.filter((latency) => latency >= 1).length / count];
  },
};

/** Stages one after the other, each a service of its own. */
export const chain: StatisticalModel = {
  metrics(testCase) {
    const expected = objectAt(testCase, "expected");
    return [
      ...latencySpecs(expected),
      exactly("sumOfP99s", numberAt(expected, "sumOfP99s"), "tail"),
    ];
  },
  replicate(testCase, replication) {
    const [params, expected] = [objectAt(testCase, "params"), objectAt(testCase, "expected")];
    const stages = stagesOf(params);
    const names = stages.map((_, index) => `stage-${index}`);
    const services = Object.fromEntries(
      names.map((name, index) => [name, { endpoints: { get: [{ wait: stages[index] }] } }]),
    );
    const front = { endpoints: { get: names.map((call) => ({ call })) } };
    const calls = new CallLatencies();
    // A quantile itself is measured, so it takes many requests.
    const { answered } = requests(
      100_000,
      { services: { ...services, front } },
      { seed: seedOf(testCase), replication, observer: calls.observer },
    );
    const quantiles = stages.map((_, index) => quantile(calls.of(index), 0.99));
    return [...latencyValues(expected, answered), quantiles.reduce((sum, value) => sum + value, 0)];
  },
};

function stagesOf(params: JsonObject): readonly unknown[] {
  const stages = params["stages"];
  if (!Array.isArray(stages) || !stages.every(isObject)) throw new Error("a chain has stages");
  return stages.map((stage) => distributionOf(stage).written);
}

/** A copy is sent after a while; the first answer wins. */
export const hedge: StatisticalModel = {
  metrics(testCase) {
    const expected = objectAt(testCase, "expected");
    return [
      ...latencySpecs(expected),
      ...["hedgedFraction", "copyWinsFraction"].map((name) =>
        exactly(name, numberAt(expected, name), "share"),
      ),
      ...latencySpecs(objectAt(expected, "unhedged"), "unhedged."),
    ];
  },
  replicate(testCase, replication) {
    const [params, expected] = [objectAt(testCase, "params"), objectAt(testCase, "expected")];
    const services = { front: { endpoints: { get: [{ wait: leafOf(params) }] } } };
    const client = { hedge: { after: time(numberAt(params, "hedgeDelay")) } };
    const options = { seed: seedOf(testCase), replication };
    const hedged = requests(COUNT, { services, client }, options);
    const { hedges, hedgesWon } = hedged.model.recorder.attempts;
    const plain = requests(COUNT, { services }, options);
    return [
      ...latencyValues(expected, hedged.answered),
      hedges[0]! / COUNT,
      hedgesWon[0]! / COUNT,
      ...latencyValues(objectAt(expected, "unhedged"), plain.answered),
    ];
  },
};
