import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dependencyResults } from "../../sim/experiment/dependencyResults.ts";
import { seconds } from "../../sim/kernel/time.ts";
import { callsTo, sum } from "../support/observe.ts";
import { modelOf, type ScenarioText } from "../support/scenarios.ts";

interface ShardsState {
  readonly shards: readonly ({
    readonly members: readonly {
      readonly primary: number | null;
      readonly replicas: readonly number[];
    }[];
  } | null)[];
}

const situations = fc.record({
  seed: fc.nat(1000),
  shards: fc.integer({ min: 1, max: 4 }),
  replicas: fc.integer({ min: 0, max: 3 }),
  failover: fc.integer({ min: 0, max: 8 }),
  restart: fc.integer({ min: 1, max: 12 }),
  kills: fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 8 })), {
    minLength: 1,
    maxLength: 4,
  }),
});

type Situation = typeof situations extends fc.Arbitrary<infer Value> ? Value : never;

function scenarioWith({
  seed,
  shards,
  replicas,
  failover,
  restart,
  kills,
}: Situation): ScenarioText {
  return {
    seed,
    duration: "60s",
    services: {
      api: {
        endpoints: {
          get: [
            { query: { datastore: "db", access: "write" } },
            { query: { datastore: "db", access: "replica-read" } },
          ],
        },
      },
    },
    datastores: {
      db: {
        concurrency: 20,
        time: { exponential: "5ms" },
        shards,
        replicas,
        replicationLag: { exponential: "100ms" },
        failover: `${failover}s`,
        restart: `${restart}s`,
      },
    },
    faults: kills.map(([at, count]) => ({
      at: `${at}s`,
      service: "db",
      kill: true,
      replicas: count,
    })),
    traffic: {
      t: { rate: "50/s", call: "api", population: { keys: { count: 100, zipf: 1 } } },
    },
  };
}

describe("a datastore with shards and replicas", () => {
  it("has one primary a shard at most, and all its servers back in the end", () => {
    fc.assert(
      fc.property(situations, (given) => {
        const { shards, replicas } = given;
        const model = modelOf(scenarioWith(given));
        const membersAt = (time: number) => {
          model.run(seconds(time));
          const { shards: stores } = model.plane.state() as unknown as ShardsState; // the plane's
          return stores.find((store) => store !== null)!.members;
        };
        for (let time = 1; time < 45; time += 3) {
          const members = membersAt(time);
          const all = members.flatMap(({ primary, replicas: others }) => [
            ...(primary === null ? [] : [primary]),
            ...others,
          ]);
          expect(new Set(all).size).toBe(all.length);
          expect(members).toHaveLength(shards);
          expect(all.length).toBeLessThanOrEqual(shards * (1 + replicas));
        }
        for (const { primary, replicas: others } of membersAt(60)) {
          expect(primary).not.toBeNull();
          expect(others).toHaveLength(replicas);
        }
        const [figures] = dependencyResults(model).datastores!;
        const asked = sum(figures!.requests);
        // Those that found no server never reached one.
        expect(asked).toBeGreaterThanOrEqual(callsTo(model, "db"));
        expect(figures!.staleReads).toBeLessThanOrEqual(figures!.replicaReads);
        expect(model.recorder.failed + model.recorder.completed).toBeLessThanOrEqual(
          model.recorder.requests,
        );
      }),
      { numRuns: 20 },
    );
  });
});
