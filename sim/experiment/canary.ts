import type { TrafficSpec } from "../dataplane/trafficSpec.ts";
import { assert, present } from "../kernel/assert.ts";
import type { Json } from "../kernel/json.ts";
import { type Micros, micros, minutes, seconds, toSeconds } from "../kernel/time.ts";
import { type StagedCanaryConfig, stagedCanary } from "../policy/rollouts/stagedCanary.ts";
import type { CanaryGrid, Scenario } from "../scenario/scenario.ts";
import { compileProfile } from "../workload/compileProfile.ts";
import type { ReplicationTask } from "./replication.ts";

/** The variant that is the policy as the scenario has it. */
const AS_GIVEN = "as given";
/** Levels of traffic, as shares of what the scenario has on average: what its fleet is for. */
const RATE_SHARES = [0.05, 0.25, 1];
/** Where a scenario has no traffic of its own. */
const RATES = [10, 50, 200];
/** Requests flow for this long before the rollout begins; it needs no more than a steady state. */
const LONGEST_WARM_UP = seconds(10);
/**
 * Rollouts of a kind times the square root of the requests that one takes: costs differ a
 * hundredfold, and this shares a given time so that the intervals are narrowest on the whole
 * (Neyman's allocation). With it the default grid takes about 70 million requests.
 */
const RUNS_PER_ROOT = 9_000;
const FEWEST_RUNS = 10;
const MOST_RUNS = 1_000;
/** A rollout that waits for requests or pods gets this much more than its stages should take. */
const SLACK = 1.5;
const SPARE_TIME = minutes(10);

/** One kind of release under one level of traffic and one setting of the policy. */
export interface CanaryCell {
  readonly variant: string;
  readonly trafficRps: number;
  readonly errorShare: number;
  readonly latencyFactor: { readonly min: number; readonly max: number };
  readonly runs: number;
  readonly scenario: Scenario;
}

/** All rollouts that `peakday canary` simulates. */
export interface CanaryPlan {
  readonly grid: CanaryGrid;
  /** Name of the rollout policy. */
  readonly policy: string;
  /** Of the policy as given; null when it does not say. */
  readonly stagesPercent: readonly number[] | null;
  readonly stageSeconds: number | null;
  readonly cells: readonly CanaryCell[];
}

type RolloutUse = Scenario["policy"]["rollouts"][number];

/** Why a scenario, given by its sets of policies, has no canary to judge; null when it has. */
export function whyNoCanary(scenarios: readonly Scenario[]): string | null {
  const grid = scenarios[0]?.canary ?? null;
  if (grid === null) return "no set of policies has exactly one rollout, which could be judged";
  const closed = present(scenarios[0], "scenario").traffic.find(({ kind }) => kind === "closed");
  return closed === undefined
    ? null
    : `the traffic "${closed.name}" has users, not a rate that could be varied`;
}

/**
 * The grid of a scenario: its policy on releases of every share of errors and on the bug, and every
 * variant of the policy on the healthy release and on the bug, under each level of traffic. `runs`
 * overrides how many rollouts there are of each kind.
 */
export function canaryPlan(scenarios: readonly Scenario[], runs: number | null): CanaryPlan {
  assert(whyNoCanary(scenarios) === null, "the scenario has a rollout that can be judged");
  const grid = present(scenarios[0]?.canary, "canary");
  const base = present(
    scenarios.find(({ policy }) => policy.name === grid.policy),
    grid.policy,
  );
  const rollout = present(base.policy.rollouts[0], "rollout");
  const rates = grid.rates ?? ratesOf(base);
  const releases = releasesOf(grid);
  const few = releases.filter(({ isExtreme }) => isExtreme);
  const settings = [{ name: AS_GIVEN, change: {}, releases }].concat(
    grid.variants.map(({ name, change }) => ({ name, change, releases: few })),
  );
  const cells = settings.flatMap(({ name: variant, change, releases }) =>
    rates.flatMap((trafficRps) =>
      releases.map(({ errorShare, latencyFactor }) => {
        const varied = { ...rollout, config: changed(rollout.config, change) };
        const cell = { variant, trafficRps, errorShare, latencyFactor };
        const scenario = cellScenario(base, varied, cell);
        const planned = toSeconds(plannedTime(varied, base, trafficRps)) * trafficRps;
        return { ...cell, runs: runs ?? grid.runs ?? runsFor(planned), scenario };
      }),
    ),
  );
  const { stages = null, stageDuration = null } = stagedState(rollout) ?? {};
  const stageSeconds = stageDuration === null ? null : toSeconds(stageDuration);
  return { grid, policy: rollout.policy, stagesPercent: stages, stageSeconds, cells };
}

/** The tasks of all cells, one cell after the other. */
export function canaryTasks({ cells }: CanaryPlan): readonly ReplicationTask[] {
  return cells.flatMap(({ scenario, runs }) =>
    Array.from({ length: runs }, (_, replication) => ({
      scenario,
      replication,
      detail: false,
      from: null,
      untilRolloutsEnd: true,
    })),
  );
}

interface Release {
  readonly errorShare: number;
  readonly latencyFactor: { readonly min: number; readonly max: number };
  /** The healthy one and the bug: what variants are tried on. */
  readonly isExtreme: boolean;
}

function releasesOf({ errorShares, healthyErrorShare, bug }: CanaryGrid): readonly Release[] {
  const plain = errorShares.map((errorShare): Release => {
    const isExtreme = errorShare === healthyErrorShare;
    return { errorShare, latencyFactor: { min: 1, max: 1 }, isExtreme };
  });
  return [...plain, { ...bug, isExtreme: true }];
}

const runsFor = (requests: number): number =>
  Math.min(MOST_RUNS, Math.max(FEWEST_RUNS, Math.round(RUNS_PER_ROOT / Math.sqrt(requests))));

const changed = (config: Json, change: Readonly<Record<string, Json>>): Json =>
  typeof config === "object" && config !== null && !Array.isArray(config)
    ? { ...config, ...change }
    : change;

/** The configuration of a staged canary, which was checked when the scenario was read. */
const stagedState = ({ policy, config }: RolloutUse) =>
  policy === stagedCanary.name ? stagedCanary.init((config ?? {}) as StagedCanaryConfig) : null;

/**
 * How long a release takes that passes every stage; for policies that are unknown here, what is
 * left of the run.
 */
function plannedTime(rollout: RolloutUse, base: Scenario, trafficRps: number): Micros {
  const staged = stagedState(rollout);
  if (staged === null) return micros(base.warmUp + base.duration - rollout.start);
  const { stages, stageDuration, minimumRequests, shortStage } = staged;
  return micros(
    stages.reduce((time, percent) => {
      const waiting = seconds(minimumRequests / ((percent / 100) * trafficRps));
      return time + Math.max(stageDuration, shortStage === "extend" ? waiting : 0);
    }, 0),
  );
}

/** The base with other traffic and another release, and no faults: only the rollout happens. */
function cellScenario(
  base: Scenario,
  rollout: RolloutUse,
  cell: Pick<CanaryCell, "variant" | "trafficRps" | "errorShare" | "latencyFactor">,
): Scenario {
  const warmUp = micros(Math.min(base.warmUp, LONGEST_WARM_UP));
  const planned = plannedTime(rollout, base, cell.trafficRps);
  const { errorShare, latencyFactor } = cell;
  const { autoscalers } = base.policy;
  return {
    ...base,
    warmUp,
    // Rollouts that are over end the run, so that spare time costs nothing.
    duration: micros(Math.ceil(planned * SLACK) + SPARE_TIME),
    traffic: trafficAt(base, cell.trafficRps),
    services: base.services.map((service) => ({
      ...service,
      revisions: service.revisions.map((revision) =>
        service.name === rollout.workload && revision.name === rollout.revision
          ? { ...revision, errorShare, latencyFactor }
          : revision,
      ),
    })),
    policy: {
      name: cellName(cell),
      about: "",
      autoscalers,
      nodeAutoscaler: base.policy.nodeAutoscaler,
      rollouts: [{ ...rollout, start: warmUp }],
      pauses: [],
    },
    faults: [],
    claims: [],
  };
}

function cellName({
  variant,
  trafficRps,
  errorShare,
  latencyFactor,
}: Pick<CanaryCell, "variant" | "trafficRps" | "errorShare" | "latencyFactor">): string {
  const { min, max } = latencyFactor;
  const slow = max === 1 && min === 1 ? "" : ` ×${min === max ? min : `${min}–${max}`}`;
  const errors = `${Number((errorShare * 100).toPrecision(6))} %${slow}`;
  return [variant, `${trafficRps} rps`, errors].filter((part) => part !== AS_GIVEN).join(", ");
}

/** Requests of the measured time, by stream. */
function requestsOf({ warmUp, duration, traffic }: Scenario): readonly number[] {
  const end = warmUp + duration;
  return traffic.map((stream) =>
    stream.kind === "open" ? compileProfile(stream.rate, end).area(warmUp, end) : 0,
  );
}

/** With two digits, as people write rates. */
function ratesOf(base: Scenario): readonly number[] {
  const total = requestsOf(base).reduce((sum, count) => sum + count, 0);
  const mean = total / toSeconds(base.duration);
  if (mean === 0) return RATES;
  return RATE_SHARES.map((share) => Number((share * mean).toPrecision(2)));
}

/** Steady traffic at a rate in all; each stream keeps its share of the measured time's requests. */
function trafficAt(base: Scenario, trafficRps: number): readonly TrafficSpec[] {
  const requests = requestsOf(base);
  const total = requests.reduce((sum, count) => sum + count, 0);
  return base.traffic.map((traffic, i): TrafficSpec => {
    if (traffic.kind === "closed") return traffic;
    const share = total === 0 ? 1 / requests.length : requests[i]! / total;
    return { ...traffic, rate: { kind: "constant", rate: trafficRps * share } };
  });
}
