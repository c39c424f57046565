import { describe, expect, it } from "vitest";
import { KeyedDraws } from "../../sim/kernel/keyedDraws.ts";
import { micros } from "../../sim/kernel/time.ts";
import type { RouteRule } from "../../sim/policy/rollout.ts";
import type { Model } from "../../sim/scenario/build/model.ts";
import { AttributeSampler } from "../../sim/workload/attributes.ts";
import { modelOf } from "../support/scenarios.ts";

const REQUESTS = 3900;
const USERS = 200;

/** Two revisions of a shop with one pod each, and the routes given; every user comes many times. */
function routed(routes: readonly RouteRule[]): Model {
  const model = modelOf({
    duration: "40s",
    warmUp: "0s",
    services: {
      shop: {
        replicas: 1,
        endpoints: { "GET /": [{ wait: "1ms" }] },
        revisions: { v1: {}, v2: {} },
      },
    },
    traffic: {
      t: {
        arrivals: "paced",
        rate: "100/s",
        call: "shop",
        population: { users: USERS, regions: { here: 3, there: 1 } },
      },
    },
    // A rollout that begins too late to matter, so that no Deployment takes the revision away.
    policies: {
      late: { rollouts: { shop: { revision: "v2", at: "39900ms", "staged-canary": {} } } },
    },
  });
  model.run(micros(0));
  model.cluster.scaleRevision("shop", "v2", 1);
  model.cluster.setRoutes("shop", [{ match: {}, weights: { v1: 1 }, sticky: "request" }]);
  model.run(micros(10_000_000));
  model.cluster.setRoutes("shop", routes);
  model.cluster.resetRevisionCounters("shop");
  return model;
}

/** Share of the requests that the second revision got from then on. */
function share(model: Model): number {
  model.run(micros(39_000_000));
  const [first, second] = [0, 1].map((revision) => model.plane.revisionCounts(0, revision));
  return second!.requests / (first!.requests + second!.requests);
}

/** The users that a rule sends to the second revision: those of whom it got any request. */
function usersOf(routes: readonly RouteRule[]): ReadonlySet<number> {
  const model = routed(routes);
  const sampler = new AttributeSampler(
    model.scenario.traffic[0]!.population,
    new KeyedDraws({ seed: model.scenario.seed, replication: 0 }),
  );
  const users = new Set<number>();
  let before = 0;
  for (let request = 1000; request < REQUESTS; request++) {
    model.run(micros(((request + 1) * 1_000_000) / 100 + 2_000));
    const now = model.plane.revisionCounts(0, 1).requests;
    if (now > before) users.add(sampler.user(request));
    before = now;
  }
  return users;
}

describe("routes", () => {
  it("give each revision its share of the requests", () => {
    const weights = { v1: 0.75, v2: 0.25 };
    const found = share(routed([{ match: {}, weights, sticky: "request" }]));
    expect(Math.abs(found - 0.25)).toBeLessThan(4 * Math.sqrt((0.25 * 0.75) / 3000));
  });

  it("that match a region leave the others alone", () => {
    const found = share(
      routed([
        { match: { region: "there" }, weights: { v2: 1 }, sticky: "request" },
        { match: {}, weights: { v1: 1 }, sticky: "request" },
      ]),
    );
    expect(found).toBeGreaterThan(0.15);
    expect(found).toBeLessThan(0.35);
  });

  it("that stick keep every user on a side, and a larger share keeps those that had it", () => {
    const rule = (percent: number): RouteRule => ({
      match: {},
      weights: { v1: 1 - percent / 100, v2: percent / 100 },
      sticky: "user",
    });
    const tenth = usersOf([rule(10)]);
    const third = usersOf([rule(30)]);
    expect(tenth.size).toBeGreaterThan(USERS * 0.03);
    expect(tenth.size).toBeLessThan(USERS * 0.2);
    expect([...tenth].filter((user) => !third.has(user))).toEqual([]);
    expect(third.size).toBeGreaterThan(tenth.size);
  });

  it("of another flag choose other users", () => {
    const rule = (flag: string): RouteRule => ({
      match: {},
      weights: { v1: 0.7, v2: 0.3 },
      sticky: "user",
      flag,
    });
    const [one, other] = [usersOf([rule("one")]), usersOf([rule("other")])];
    const both = [...one].filter((user) => other.has(user));
    expect(both.length).toBeLessThan(one.size * 0.7);
  });
});
