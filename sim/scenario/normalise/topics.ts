import type { ConsumerGroupSpec, ProducerSpec, TopicSpec } from "../../dataplane/topicSpec.ts";
import { type Micros, micros, seconds } from "../../kernel/time.ts";
import type { TopicInput } from "../schema/topics.ts";
import type { Path } from "../tree.ts";
import { durationOr, durationText, parseDuration } from "../units.ts";
import { resolveCall } from "./calls.ts";
import type { Context } from "./context.ts";
import { normaliseRate } from "./rates.ts";
import { afterWarmUp } from "./traffic.ts";

/** Amazon SQS's default visibility timeout. Source: the SQS Developer Guide. */
const VISIBILITY_TIMEOUT = seconds(30);

/** Defaults of Kafka's consumers: session.timeout.ms, auto.commit.interval.ms. */
const SESSION_TIMEOUT = seconds(45);
const COMMIT_INTERVAL = seconds(5);
/** The default of Kafka's group.initial.rebalance.delay.ms. */
const REBALANCE_PAUSE = seconds(3);

interface Times {
  readonly warmUp: Micros;
  readonly duration: Micros;
}

export function normaliseTopic(
  context: Context,
  name: string,
  input: TopicInput,
  times: Times,
): TopicSpec {
  const path: Path = ["topics", name];
  const partitions = input.partitions ?? null;
  return {
    name,
    partitions,
    keys: { count: input.keys?.count ?? 1, exponent: input.keys?.zipf ?? null },
    producers: Object.entries(input.producers).map(([producer, given]) =>
      normaliseProducer(context, producer, given, {
        path: [...path, "producers", producer],
        times,
        isLog: partitions !== null,
      }),
    ),
    groups: Object.entries(input.consumers).flatMap(([group, given]) =>
      normaliseGroup(context, group, given, {
        path: [...path, "consumers", group],
        isLog: partitions !== null,
      }),
    ),
  };
}

function normaliseProducer(
  context: Context,
  name: string,
  input: TopicInput["producers"][string],
  { path, times, isLog }: { readonly path: Path; readonly times: Times; readonly isLog: boolean },
): ProducerSpec {
  if (isLog) reportOthers(context, input, path, { keys: ["priority"], of: "queues" });
  const deadline = input.deadline === undefined ? null : parseDuration(input.deadline);
  const shared = { name, deadline, priority: input.priority ?? 0 };
  if (input.rate === undefined) {
    const at = durationOr(input.at, micros(0));
    if (at >= times.duration) {
      const hint = `the run measures ${durationText(times.duration)}`;
      context.atValue([...path, "at"], "this batch comes when the run is over", hint);
    }
    return { ...shared, kind: "batch", at: micros(times.warmUp + at), count: input.batch ?? 1 };
  }
  const written = normaliseRate(context, input.rate, [...path, "rate"], times.duration);
  // A profile with problems cannot be compiled, and nobody will run it.
  const rate = context.isSound ? afterWarmUp(written, times) : written;
  return { ...shared, kind: "stream", arrivals: input.arrivals ?? "poisson", rate };
}

function normaliseGroup(
  context: Context,
  name: string,
  input: TopicInput["consumers"][string],
  { path, isLog }: { readonly path: Path; readonly isLog: boolean },
): readonly ConsumerGroupSpec[] {
  const others = isLog
    ? { keys: ["order", "heartbeat"], of: "queues" }
    : { keys: ["sessionTimeout", "rebalancePause", "commitInterval"], of: "partitions" };
  reportOthers(context, input, path, others);
  const target = [...path, "call"];
  const call = resolveCall(
    context,
    { target: input.call },
    { target, endpoint: target, settings: path },
  );
  if (call === null) return [];
  const timeout = input.visibilityTimeout;
  return [
    {
      name,
      call: { service: call.service, endpoint: call.endpoint },
      atOnce: input.atOnce ?? 1,
      order: input.order ?? "fifo",
      visibilityTimeout: durationOr(timeout, VISIBILITY_TIMEOUT),
      heartbeat: input.heartbeat ?? true,
      retries: input.retryTopics?.map(parseDuration) ?? null,
      maxDeliveries: input.maxDeliveries ?? null,
      membership: isLog
        ? {
            sessionTimeout: durationOr(input.sessionTimeout, SESSION_TIMEOUT),
            rebalancePause: durationOr(input.rebalancePause, REBALANCE_PAUSE),
            commitInterval: durationOr(input.commitInterval, COMMIT_INTERVAL),
          }
        : null,
    },
  ];
}

/** Settings that make sense for queues only, or for partitions only. */
function reportOthers(
  context: Context,
  input: object,
  path: Path,
  { keys, of }: { readonly keys: readonly string[]; readonly of: string },
): void {
  const hint = of === "queues" ? "this topic has partitions" : "as in: partitions: 12";
  for (const key of Object.keys(input).filter((written) => keys.includes(written))) {
    context.atKey([...path, key], `"${key}" is a setting of ${of}`, hint);
  }
}
