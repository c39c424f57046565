import {
  exactly,
  numberAt,
  objectAt,
  type StatisticalModel,
  seedOf,
} from "../statistical/model.ts";
import { observe } from "./queueing/observed.ts";
import { time } from "./queueing/scenarios.ts";

/** Requests of one replication, after a tenth of them as warm-up. */
const MEASURED = 50_000;

/** Poisson requests before a service with a token bucket: the share that it lets through. */
export const tokenBucketPoisson: StatisticalModel = {
  metrics: (testCase) => [
    exactly("allowedFraction", numberAt(testCase, "expected", "allowedFraction"), "share"),
  ],
  replicate(testCase, replication) {
    const params = objectAt(testCase, "params");
    const rate = numberAt(params, "lambda");
    const bucket = {
      ratePerSecond: numberAt(params, "rate"),
      burst: numberAt(params, "capacity"),
    };
    const seen = observe(
      {
        seed: seedOf(testCase),
        warmUp: time(MEASURED / 10 / rate),
        duration: time(MEASURED / rate),
        services: {
          api: {
            rateLimiter: { "token-bucket": bucket },
            endpoints: { do: [{ wait: "1ms" }] },
          },
        },
        traffic: { users: { rate: `${rate}/s`, call: "api" } },
      },
      { replication },
    );
    return [seen.of("api").answered / seen.of("api").ended];
  },
};
