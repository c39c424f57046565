import type { z } from "zod";
import { callTarget } from "./calls.ts";
import { count, duration, flag, NAME, positiveDuration, word } from "./leaves.ts";
import { checkOneOf, fields, metaOneOf, named } from "./shapes.ts";
import { profile } from "./traffic.ts";

const PRODUCER_HEADS = ["batch", "rate"] as const;
const names = { pattern: NAME, phrase: "a name of lower-case letters, digits and hyphens" };

const producer = fields({
  batch: count("So many messages at once.", 1, 10_000_000).optional(),
  at: duration("Of a batch: when, from the start of the measured time. Default 0s.").optional(),
  rate: profile("Messages that come whatever happens.").optional(),
  arrivals: word(
    ["poisson", "paced"],
    "Of a rate: how messages fall around it, at random or evenly spaced. Default poisson.",
  ).optional(),
  deadline: positiveDuration(
    "From publishing a message until it should be done. Default: none.",
  ).optional(),
  priority: count("A higher number goes first. Default 0.", 0, 1000).optional(),
})
  .check(checkOneOf("a producer", PRODUCER_HEADS, { at: ["batch"], arrivals: ["rate"] }))
  .meta({ ...metaOneOf(PRODUCER_HEADS), description: "Where messages come from." });

const consumerGroup = fields({
  call: callTarget.meta({
    description:
      "What a worker does with a message: a service, or a service and its endpoint. Each of its " +
      "processes pulls from when it listens until it drains: with onSigterm: refuse at SIGTERM.",
  }),
  atOnce: count("Messages that a worker works on at once. Default 1.", 1, 1_000_000).optional(),
  order: word(
    ["fifo", "earliest-deadline"],
    "Which message of the highest priority is next. Default fifo.",
  ).optional(),
  visibilityTimeout: positiveDuration(
    "A message that a worker has, and does not acknowledge, is handed out again after this long. " +
      "Default 30s, as in Amazon SQS.",
  ).optional(),
  heartbeat: flag(
    "Workers keep their messages hidden while they live, so that the timeout counts from their " +
      "end or failure. Without, it counts from the hand-out: what takes longer is done twice. " +
      "Default true.",
  ).optional(),
  maxDeliveries: count(
    "Handed out so often without acknowledgement, a message goes to the dead-letter queue. " +
      "Default: never.",
    1,
    1000,
  ).optional(),
});

export const topics = named(
  "a map from names to topics",
  fields({
    producers: named("a map from names to producers", producer, names)
      .refine((all) => Object.keys(all).length > 0, { error: "a map with at least one producer" })
      .meta({ minProperties: 1, description: "Where messages come from, by name." }),
    consumers: named("a map from names to groups of consumers", consumerGroup, names)
      .refine((all) => Object.keys(all).length > 0, { error: "a map with at least one group" })
      .meta({
        minProperties: 1,
        description: "Groups of workers, by name: each group gets every message once.",
      }),
  }),
  names,
);

export type TopicInput = z.infer<typeof topics>[string];
