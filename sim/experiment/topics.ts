import type { Group } from "../dataplane/exact/consumerGroup.ts";
import type { Message } from "../dataplane/topics/messageLedger.ts";
import { assert } from "../kernel/assert.ts";
import { toSeconds } from "../kernel/time.ts";
import type { Estimate, ReplicationResult, TopicCounts, TopicSummary } from "../result/result.ts";
import type { Model } from "../scenario/build/model.ts";
import { estimate, estimateOrNull, percentEstimate } from "./estimate.ts";

/** What topics add to the result of a replication; nothing where there are none. */
export function topicResults(model: Model): Pick<ReplicationResult, "topics" | "provisioning"> {
  const { groups } = model.plane.consumers;
  if (groups.length === 0) return {};
  return {
    topics: groups.map((group) => countsOf(group, model)),
    provisioning: provisioningOf(model),
  };
}

/** Whether anything came in the measured time: without it nothing is known. */
export const isMeasured = ({ requests, topics = [] }: ReplicationResult): boolean =>
  requests > 0 || topics.some(({ published }) => published > 0);

/** Percent of all messages with a deadline that missed it; null without any that is due. */
export function missedPercent({ topics = [] }: Pick<ReplicationResult, "topics">): number | null {
  const due = topics.reduce((sum, topic) => sum + topic.due, 0);
  const missed = topics.reduce((sum, topic) => sum + topic.missed, 0);
  return due === 0 ? null : (100 * missed) / due;
}

function countsOf({ plan, ledger, owners, wastedMicros }: Group, model: Model): TopicCounts {
  const { published, consumed, deadLettered } = ledger.counts;
  assert(
    published === consumed + ledger.lag + deadLettered,
    `${published} messages, ${consumed} consumed, ${ledger.lag} lag, ${deadLettered} dead-lettered`,
  );
  const { now } = model.simulation;
  const messages = ledger.messages.filter(
    ({ publishedAt }) => publishedAt >= model.scenario.warmUp,
  );
  const { producers } = model.scenario.topics[plan.topic]!;
  const isBatch = ({ producer }: Message): boolean => producers[producer]!.kind === "batch";
  const withStatus = (wanted: string): number =>
    messages.filter(({ status }) => status === wanted).length;
  const done = withStatus("consumed");
  const dead = withStatus("dead-lettered");
  const due = messages.filter(
    ({ deadline, consumedAt }) => deadline !== null && (consumedAt !== null || deadline <= now),
  );
  const waits = messages
    .flatMap(({ firstDeliveredAt, publishedAt }) =>
      firstDeliveredAt === null ? [] : [toSeconds(firstDeliveredAt - publishedAt)],
    )
    .sort((a, b) => a - b);
  return {
    topic: plan.topicName,
    group: plan.spec.name,
    service: model.plan.services[plan.service]!.name,
    published: messages.length,
    consumed: done,
    deadLettered: dead,
    lag: messages.length - done - dead,
    redeliveries: sumOf(messages, ({ deliveries }) => Math.max(0, deliveries - 1)),
    lost: ledger.lost,
    failed: ledger.failed,
    duplicates: ledger.duplicates,
    ...(plan.spec.retries === null ? {} : { retried: sumOf(messages, (one) => one.failures) }),
    ...(owners === null ? {} : { partitions: partitionsOf(messages, plan, owners) }),
    wastedHours: toSeconds(wastedMicros) / 3600,
    due: due.length,
    missed: due.filter(({ deadline, consumedAt }) => (consumedAt ?? now) > deadline!).length,
    meanWaitSeconds: waits.length === 0 ? null : mean(waits),
    p95WaitSeconds: waits[Math.ceil(0.95 * waits.length) - 1] ?? null,
    makespanSeconds: makespanOf(messages.filter((message) => isBatch(message))),
  };
}

const sumOf = (messages: readonly Message[], read: (message: Message) => number): number =>
  messages.reduce((sum, message) => sum + read(message), 0);

function partitionsOf(
  messages: readonly Message[],
  plan: Group["plan"],
  { rebalances, outOfOrder }: NonNullable<Group["owners"]>,
): NonNullable<TopicCounts["partitions"]> {
  const tally = (counts: (message: Message) => boolean): number[] => {
    const tallies = Array.from({ length: plan.partitions ?? 0 }, () => 0);
    for (const message of messages) if (counts(message)) tallies[message.partition]!++;
    return tallies;
  };
  return {
    published: tally(() => true),
    consumed: tally(({ status }) => status === "consumed"),
    lag: tally(({ status }) => status !== "consumed" && status !== "dead-lettered"),
    rebalances,
    outOfOrder,
  };
}

/** Null when any of them is not done, or when there are none. */
function makespanOf(messages: readonly Message[]): number | null {
  const [first] = messages;
  if (first === undefined) return null;
  let end = 0;
  for (const { consumedAt } of messages) {
    if (consumedAt === null) return null;
    end = Math.max(end, consumedAt);
  }
  return toSeconds(end - first.publishedAt);
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const latest = (times: readonly number[]): number =>
  times.reduce((last, time) => Math.max(last, time), 0);

/** Pods on nodes that were not there when the run began, and how long they waited to get there. */
function provisioningOf({ cluster, scenario }: Model): ReplicationResult["provisioning"] {
  const added = cluster.nodes.filter(({ registeredAt }) => registeredAt > scenario.warmUp);
  const numbers = new Set(added.map(({ number }) => number));
  const waits = cluster.pods.flatMap(({ node, createdAt, scheduledAt }) =>
    node !== null && numbers.has(node) && scheduledAt !== null
      ? [toSeconds(scheduledAt - createdAt)]
      : [],
  );
  return {
    nodesAdded: added.length,
    nodeHours: toSeconds(cluster.nodeMicros) / 3600,
    pods: waits.length,
    meanWaitSeconds: waits.length === 0 ? null : mean(waits),
    maxWaitSeconds: waits.length === 0 ? null : latest(waits),
  };
}

/** How much of everything the busiest partition had; nothing for queues. */
function hottestOf(
  counts: readonly TopicCounts[],
  of: (read: (one: TopicCounts) => number) => Estimate,
): Pick<TopicSummary, "hottestPartition"> {
  if (counts[0]?.partitions === undefined) return {};
  return {
    hottestPartition: {
      publishedPercent: of(({ published, partitions }) =>
        published === 0 ? 0 : (100 * Math.max(...partitions!.published)) / published,
      ),
      lag: of(({ partitions }) => Math.max(...partitions!.lag)),
      rebalances: of(({ partitions }) => partitions!.rebalances),
    },
  };
}

/** Groups of consumers over replications of one policy. */
export function summariseTopics(
  replications: readonly ReplicationResult[],
  level: number,
): { readonly topics?: TopicSummary[] } {
  const first = replications[0]?.topics;
  if (first === undefined) return {};
  return {
    topics: first.map(({ topic, group, service }, index) => {
      const counts = replications.map(({ topics }) => topics![index]!);
      const of = (read: (one: TopicCounts) => number): Estimate =>
        estimate(counts.map(read), level);
      const known = (
        read: (one: TopicCounts) => number | null,
        estimated = estimate,
      ): Estimate | null => estimateOrNull(counts.map(read), level, estimated);
      return {
        topic,
        group,
        service,
        published: of((one) => one.published),
        consumed: of((one) => one.consumed),
        deadLettered: of((one) => one.deadLettered),
        lag: of((one) => one.lag),
        redeliveries: of((one) => one.redeliveries),
        lost: of((one) => one.lost),
        duplicates: of((one) => one.duplicates),
        wastedHours: of((one) => one.wastedHours),
        missedPercent: known(
          ({ due, missed }) => (due === 0 ? null : (100 * missed) / due),
          percentEstimate,
        ),
        meanWaitSeconds: known((one) => one.meanWaitSeconds),
        p95WaitSeconds: known((one) => one.p95WaitSeconds),
        ...hottestOf(counts, of),
        makespanSeconds: known((one) => one.makespanSeconds),
      };
    }),
  };
}
