import type { z } from "zod";
import { callTarget } from "./calls.ts";
import { count, duration, flag, NAME, positiveDuration, word } from "./leaves.ts";
import { checkOneOf, fields, list, metaOneOf, named } from "./shapes.ts";
import { keys, profile } from "./traffic.ts";

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
    "A message that a worker has, and does not acknowledge, is handed out again after this long " +
      "(of a partition: one whose work failed, and the next one waits for it). " +
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
  retryTopics: list("a list of durations", duration("How long it waits there."), 1)
    .meta({
      description:
        "A message whose work failed is handed out again after the first of these pauses, when " +
        "it fails again after the second, and so on; after the last it goes to the dead-letter " +
        "queue. Those behind it in its partition do not wait for it. Default: none.",
    })
    .optional(),
  sessionTimeout: positiveDuration(
    "Of partitions: from the death of a worker until the group shares out its partitions anew. " +
      "Default 45s, as in Kafka.",
  ).optional(),
  rebalancePause: duration(
    "Of partitions: nobody gets messages for so long when a worker has joined or left. Default 3s.",
  ).optional(),
  commitInterval: positiveDuration(
    "Of partitions: how often a worker notes how far it is. What it did since is done again when " +
      "it dies: duplicates. Default 5s, as in Kafka.",
  ).optional(),
});

export const topics = named(
  "a map from names to topics",
  fields({
    partitions: count(
      "A log of so many partitions instead of a queue: each is worked on by one worker of a " +
        "group, one message after the other.",
      1,
      10_000,
    ).optional(),
    keys: keys
      .meta({
        description:
          "What messages are about: those of one key go to one partition, in order. Default: " +
          "nothing in particular; they take the partitions in turn.",
      })
      .optional(),
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
