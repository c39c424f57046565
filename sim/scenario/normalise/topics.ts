import type { ConsumerGroupSpec, ProducerSpec, TopicSpec } from "../../dataplane/topicSpec.ts";
import { type Micros, micros, seconds } from "../../kernel/time.ts";
import type { TopicInput } from "../schema/topics.ts";
import type { Path } from "../tree.ts";
import { durationText, parseDuration } from "../units.ts";
import { resolveCall } from "./calls.ts";
import type { Context } from "./context.ts";
import { normaliseRate } from "./rates.ts";
import { afterWarmUp } from "./traffic.ts";

/** Amazon SQS's default visibility timeout. Source: the SQS Developer Guide. */
const VISIBILITY_TIMEOUT = seconds(30);

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
  return {
    name,
    producers: Object.entries(input.producers).map(([producer, given]) =>
      normaliseProducer(context, producer, given, {
        path: [...path, "producers", producer],
        times,
      }),
    ),
    groups: Object.entries(input.consumers).flatMap(([group, given]) =>
      normaliseGroup(context, group, given, [...path, "consumers", group]),
    ),
  };
}

function normaliseProducer(
  context: Context,
  name: string,
  input: TopicInput["producers"][string],
  { path, times }: { readonly path: Path; readonly times: Times },
): ProducerSpec {
  const deadline = input.deadline === undefined ? null : parseDuration(input.deadline);
  const shared = { name, deadline, priority: input.priority ?? 0 };
  if (input.rate === undefined) {
    const at = input.at === undefined ? micros(0) : parseDuration(input.at);
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
  path: Path,
): readonly ConsumerGroupSpec[] {
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
      visibilityTimeout: timeout === undefined ? VISIBILITY_TIMEOUT : parseDuration(timeout),
      heartbeat: input.heartbeat ?? true,
      maxDeliveries: input.maxDeliveries ?? null,
    },
  ];
}
