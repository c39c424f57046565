import type { ProducerSpec } from "../dataplane/topicSpec.ts";
import type { TrafficSpec } from "../dataplane/trafficSpec.ts";
import { assert, present } from "../kernel/assert.ts";
import type { HeadroomResult } from "../result/result.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { compileProfile } from "../workload/compileProfile.ts";
import { estimate } from "./estimate.ts";
import type { ReplicationOutput, ReplicationTask } from "./replication.ts";

/** Beyond these no search goes: a thousand times the scenario's traffic, or a thousandth of it. */
const LARGEST = 1024;
const SMALLEST = 1 / 1024;

type Bottleneck = ReplicationOutput["bottleneck"];

/** What one replication of one policy knows of the largest factor that it holds. */
interface Bracket {
  readonly policy: number;
  readonly replication: number;
  /** Largest factor of the traffic that held the objective, and smallest that did not. */
  holds: number | null;
  fails: number | null;
  /** What was busiest at the smallest factor that failed. */
  bottleneck: Bottleneck;
}

/** One task of a wave, and the bracket that its outcome narrows. */
interface Probe {
  readonly bracket: Bracket;
  readonly factor: number;
}

/**
 * Finds, for every policy, the largest factor by which the traffic can be multiplied so that the
 * objective still holds: a bisection in each replication by itself, whose customers stay the same
 * from factor to factor, so that replications give independent samples of the answer. Drive it
 * wave by wave: `tasks`, then `take` their outputs, until there are no more.
 */
export class HeadroomSearch {
  readonly #scenarios: readonly Scenario[];
  readonly #within: number;
  readonly #brackets: readonly Bracket[];
  #wave: readonly Probe[];

  constructor(options: {
    /** One per policy set, each with an objective. */
    readonly scenarios: readonly Scenario[];
    readonly runs: number;
    /** Relative width at which a bisection ends, like 0.02. */
    readonly within: number;
  }) {
    const { scenarios, runs, within } = options;
    assert(within > 0, "a bisection ends at a width above 0");
    this.#scenarios = scenarios;
    this.#within = within;
    this.#brackets = scenarios.flatMap((_, policy) =>
      Array.from({ length: runs }, (__, replication) => ({
        policy,
        replication,
        holds: null,
        fails: null,
        bottleneck: null,
      })),
    );
    this.#wave = this.#brackets.map((bracket) => ({ bracket, factor: 1 }));
  }

  /** What to run next; none when the search is over. The first wave is the scenario as it is. */
  tasks(): readonly ReplicationTask[] {
    return this.#wave.map(({ bracket: { policy, replication }, factor }) => ({
      scenario: withTraffic(this.#scenarios[policy]!, factor),
      replication,
      detail: factor === 1 && replication === 0,
      from: null,
    }));
  }

  /** The outputs of the last tasks, in their order. */
  take(outputs: readonly ReplicationOutput[]): void {
    this.#wave.forEach(({ bracket, factor }, index) => {
      const { result, bottleneck } = present(outputs[index], "output of a probe");
      if (result.held) bracket.holds = factor;
      else {
        bracket.fails = factor;
        bracket.bottleneck = bottleneck;
      }
    });
    this.#wave = this.#brackets.flatMap((bracket) => {
      const factor = nextFactor(bracket, this.#within);
      return factor === null ? [] : [{ bracket, factor }];
    });
  }

  /** By policy set. */
  result(level: number): HeadroomResult {
    const policies = this.#scenarios.map((scenario, index) => {
      const brackets = this.#brackets.filter(({ policy }) => policy === index);
      const factors = brackets.map(({ holds }) => holds ?? 0);
      return {
        policy: scenario.policy.name,
        factor: estimate(factors, level),
        unlimited: brackets.filter(({ fails }) => fails === null).length,
        bottleneck: commonBottleneck(brackets),
      };
    });
    const { traffic, warmUp, duration } = present(this.#scenarios[0], "scenario");
    const open = traffic.filter(({ kind }) => kind === "open");
    return {
      peakRps: open.length === 0 ? null : peakRate(traffic, warmUp, warmUp + duration),
      users: traffic.reduce((sum, one) => sum + (one.kind === "closed" ? one.users : 0), 0),
      within: this.#within,
      policies,
    };
  }
}

/** Doubles or halves until the answer is in between, then halves the ratio; null at the end. */
function nextFactor({ holds, fails }: Bracket, within: number): number | null {
  if (fails === null) return holds !== null && holds < LARGEST ? holds * 2 : null;
  if (holds === null) return fails > SMALLEST ? fails / 2 : null;
  return fails / holds <= 1 + within ? null : Math.sqrt(holds * fails);
}

/** The one that most replications met first, the earlier one when equal. */
function commonBottleneck(
  brackets: readonly Bracket[],
): HeadroomResult["policies"][number]["bottleneck"] {
  const known = brackets.flatMap(({ bottleneck }) => (bottleneck === null ? [] : [bottleneck]));
  const count = (one: NonNullable<Bottleneck>): number =>
    known.filter(({ resource, service }) => resource === one.resource && service === one.service)
      .length;
  const [first] = known.toSorted((a, b) => count(b) - count(a));
  if (first === undefined) return null;
  const { resource, service } = first;
  const same = known.filter((one) => one.resource === resource && one.service === service);
  const busyPercent = same.reduce((sum, one) => sum + one.busyPercent, 0) / same.length;
  return { resource, service, busyPercent, inRuns: same.length };
}

/**
 * Every open rate and every stream of messages times the factor, and as many more users of closed
 * traffic and messages of batches.
 */
function withTraffic(scenario: Scenario, factor: number): Scenario {
  if (factor === 1) return scenario;
  const traffic = scenario.traffic.map(
    (one): TrafficSpec =>
      one.kind === "open"
        ? { ...one, rate: { kind: "scale", factor, profile: one.rate } }
        : { ...one, users: Math.max(1, Math.round(one.users * factor)) },
  );
  const topics = scenario.topics.map((topic) => ({
    ...topic,
    producers: topic.producers.map(
      (one): ProducerSpec =>
        one.kind === "stream"
          ? { ...one, rate: { kind: "scale", factor, profile: one.rate } }
          : { ...one, count: Math.max(1, Math.round(one.count * factor)) },
    ),
  }));
  return { ...scenario, traffic, topics };
}

/** Largest rate of all open traffic together in the measured time, to the second. */
function peakRate(traffic: readonly TrafficSpec[], from: number, to: number): number {
  const rates = traffic.flatMap((one) =>
    one.kind === "open" ? [compileProfile(one.rate, to)] : [],
  );
  let peak = 0;
  for (let time = from; time < to; time += 1_000_000) {
    peak = Math.max(
      peak,
      rates.reduce((sum, rate) => sum + rate.rateAt(time), 0),
    );
  }
  return peak;
}
