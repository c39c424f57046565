import { toSeconds } from "../../../../sim/kernel/time.ts";
import { sum } from "../../../support/observe.ts";
import { ran } from "../../../support/scenarios.ts";
import {
  exactly,
  numberAt,
  objectAt,
  type StatisticalModel,
  seedOf,
} from "../../statistical/model.ts";
import { lengthOf, time } from "./scenarios.ts";

/** Every request forks into one task for each branch, and ends with the last of them. */
export const forkJoin: StatisticalModel = {
  metrics(testCase) {
    const expected = objectAt(testCase, "expected");
    return ["meanResponse", "meanBranchResponse", "ratioToSingle"].map((name) =>
      exactly(name, numberAt(expected, name), "mean"),
    );
  },
  replicate(testCase, replication) {
    const params = objectAt(testCase, "params");
    const [lambda, mu] = [numberAt(params, "lambda"), numberAt(params, "mu")];
    const names = Array.from({ length: numberAt(params, "branches") }, (_, i) => `branch-${i}`);
    const work = { exponential: time(1 / mu) };
    const branch = { cpu: "fifo", concurrency: 1, endpoints: { do: [{ work }] } };
    const { recorder } = ran(
      {
        seed: seedOf(testCase),
        ...lengthOf({ rate: lambda, load: lambda / mu, scv: 1 }),
        services: {
          front: { endpoints: { do: [{ parallel: names.map((call) => ({ call })) }] } },
          ...Object.fromEntries(names.map((name) => [name, branch])),
        },
        traffic: { users: { rate: `${lambda}/s`, call: "front" } },
      },
      { replication },
    );
    const branches = recorder.services.slice(1);
    const total = sum(branches.map(({ totalMicros }) => sum(totalMicros)));
    const single = toSeconds(total / sum(branches.map(({ answered }) => sum(answered))));
    const response = toSeconds(recorder.latency.mean ?? 0);
    return [response, single, response / single];
  },
};
