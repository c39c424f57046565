import { type Micros, micros, minutes, seconds } from "../../kernel/time.ts";
import type { Claim, Objective, Price, Scenario, ScenarioNote } from "../scenario.ts";
import { OBJECTIVES } from "../schema/cluster.ts";
import type { ScenarioInput } from "../schema/scenario.ts";
import { parseDuration, parseShare } from "../units.ts";
import { normaliseBudgets } from "./budgets.ts";
import { normaliseCanary } from "./canary.ts";
import { reportCircles } from "./circles.ts";
import { normaliseCluster, normaliseLinks, placesOf } from "./cluster.ts";
import type { Context } from "./context.ts";
import { normaliseFault } from "./faults.ts";
import { AS_IS, normalisePolicySet } from "./policies.ts";
import { reportUntriedPreviews } from "./previews.ts";
import { normaliseDatastore, normaliseDeployment, normaliseService } from "./services.ts";
import { reportKeylessCaches } from "./steps.ts";
import { normaliseTopic } from "./topics.ts";
import { normaliseTraffic } from "./traffic.ts";

const DEFAULT_SEED = 1;
const DEFAULT_WARM_UP = seconds(60);
/** What `auto` stands for as long as no pilot has been asked. */
const AUTO_WARM_UP = minutes(5);
/** AWS Fargate, us-east-1, Linux on x86, in dollars (checked June 2026). */
const FARGATE: Price = { vcpuHourUsd: 0.040_48, gibHourUsd: 0.004_445, nodeHourUsd: null };

/**
 * Makes a scenario of what the schema let through, under one set of policies (null: none). What
 * makes no sense is reported to the context; the scenario is then of no use. `autoWarmUp` is what a
 * warm-up of `auto` stands for.
 */
export function normaliseScenario(
  context: Context,
  input: ScenarioInput,
  policy: string | null,
  notes: readonly ScenarioNote[],
  autoWarmUp: Micros = AUTO_WARM_UP,
): Scenario {
  const isWarmUpAuto = input.warmUp === "auto";
  const warmUp = warmUpOf(input.warmUp, autoWarmUp);
  const duration = parseDuration(input.duration);
  const times = { warmUp, duration };
  const services = Object.entries(input.services);
  const servers = [
    ...services.map(([name, service]) => normaliseService(context, name, service, times)),
    ...Object.entries(input.datastores ?? {}).map(([name, store]) =>
      normaliseDatastore(context, name, store, times),
    ),
  ];
  reportCircles(context, servers);
  const deployments = services.map(([name, service]) =>
    normaliseDeployment(context, name, service, input.cluster?.priorityClasses),
  );
  const traffic = Object.entries(input.traffic ?? {}).map(([name, stream]) =>
    normaliseTraffic(context, name, stream, times),
  );
  reportKeylessCaches(context, traffic);
  const topics = Object.entries(input.topics ?? {}).map(([name, topic]) =>
    normaliseTopic(context, name, topic, times),
  );
  if ([...context.names("traffic"), ...context.names("topics")].length === 0) {
    const hint = "each is a map from names to what comes in";
    context.atKey([], "a scenario needs one of traffic, topics", hint);
  }
  const cluster = {
    ...normaliseCluster(context, input.cluster, deployments, times),
    disruptionBudgets: normaliseBudgets(context, input),
  };
  const places = placesOf(cluster, input);
  const world = { cluster, ...places, ...times };
  const set = policy === null ? undefined : input.policies?.[policy];
  const policies =
    policy === null || set === undefined ? AS_IS : normalisePolicySet(context, policy, set, times);
  reportUntriedPreviews(context, policies, traffic);
  return {
    version: 1,
    name: input.name,
    title: input.title ?? input.name,
    seed: input.seed ?? DEFAULT_SEED,
    duration,
    warmUp,
    isWarmUpAuto,
    objective: normaliseObjective(context, input),
    services: servers,
    links: normaliseLinks(context, input.links ?? [], [...places.zones, ...places.regions]),
    traffic,
    topics,
    cluster,
    faults: (input.faults ?? []).map((fault, i) => normaliseFault(context, fault, i, world)),
    policy: policies,
    price: {
      vcpuHourUsd: input.price?.vcpuHour ?? FARGATE.vcpuHourUsd,
      gibHourUsd: input.price?.gibHour ?? FARGATE.gibHourUsd,
      nodeHourUsd: nodePrice(context, input),
    },
    canary: normaliseCanary(context, input.canary, servers),
    claims: (input.claims ?? []).map((claim, i) => normaliseClaim(context, claim, i)),
    notes,
  };
}

function warmUpOf(written: string | undefined, auto: Micros): Micros {
  if (written === undefined) return DEFAULT_WARM_UP;
  return written === "auto" ? auto : parseDuration(written);
}

function nodePrice(context: Context, input: ScenarioInput): number | null {
  const { price, cluster } = input;
  if (price?.nodeHour === undefined) return null;
  if (cluster?.nodes === undefined && cluster?.nodePools === undefined) {
    const hint = "describe them under cluster.nodes or cluster.nodePools";
    context.atKey(["price", "nodeHour"], "nodes that nobody described have no price", hint);
  }
  return price.nodeHour;
}

/** An objective that says nothing of failures allows less than this, in percent. */
const DEFAULT_FAILED_PERCENT = 1;

/** Limits in the order in which they stand. */
function normaliseObjective(
  context: Context,
  { objective: input, topics }: ScenarioInput,
): readonly Objective[] {
  const written = context.names("objective");
  const objectives = OBJECTIVES.flatMap((metric): readonly Objective[] => {
    const limit = input[metric];
    if (limit === undefined) return [];
    if (metric === "failed" || metric === "missed")
      return [{ metric, limit: parseShare(limit) * 100 }];
    return [{ metric, limit: milliseconds(parseDuration(String(limit))) }];
  });
  if (input.failed !== undefined && parseShare(input.failed) === 0) {
    const hint = "the objective holds while the share is below: take a small one, like 0.001%";
    context.atValue(["objective", "failed"], "no share is below 0", hint);
  }
  const producers = Object.values(topics ?? {}).flatMap((topic) => Object.values(topic.producers));
  if (input.missed !== undefined && producers.every(({ deadline }) => deadline === undefined)) {
    const hint = "give a producer of a topic a deadline";
    context.atKey(["objective", "missed"], "no message has a deadline to miss", hint);
  }
  const quantiles = objectives.filter(({ metric }) => /^p\d+$/u.test(metric));
  for (const [i, { metric, limit }] of quantiles.entries()) {
    const higher = quantiles.slice(i + 1).find((other) => other.limit < limit);
    if (higher === undefined) continue;
    const message = `${metric} cannot fail while ${higher.metric} is below ${higher.limit} ms`;
    context.atValue(["objective", metric], message, "higher quantiles have higher limits");
  }
  const ordered = objectives.toSorted(
    (a, b) => written.indexOf(a.metric) - written.indexOf(b.metric),
  );
  // Latency alone would be held best by refusing everybody.
  const isSilent = !ordered.some(({ metric }) => metric === "failed");
  return isSilent && context.names("traffic").length > 0
    ? [...ordered, { metric: "failed", limit: DEFAULT_FAILED_PERCENT }]
    : ordered;
}

const milliseconds = (time: Micros): number => time / 1_000;

function normaliseClaim(
  context: Context,
  claim: NonNullable<ScenarioInput["claims"]>[number],
  index: number,
): Claim {
  const { text, service, from, to, within } = claim;
  const path = ["claims", index];
  context.knows("service", service, context.names("services"), [...path, "service"]);
  if (from === to) context.atValue([...path, "to"], `from ${from} to ${to} is no scaling`);
  return { text, workload: service, from, to, within: micros(parseDuration(within)) };
}
