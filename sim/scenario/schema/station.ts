import type { z } from "zod";
import { count, duration, flag, word } from "./leaves.ts";
import { either, fields, list } from "./shapes.ts";
import { distribution } from "./time.ts";

/** What the slots of a replica do beyond serving first come, first served. */
const limit = count(
  "Requests that may wait for a slot; one more is refused. Default no limit.",
  0,
  100_000_000,
);

export const queue = either("a number of requests, or a map with limit, discipline and patience", [
  limit,
  fields({
    limit: limit.optional(),
    capacity: count(
      "Requests in a replica, waiting and in service; one more is refused. Default no limit.",
      1,
      100_000_000,
    ).optional(),
    discipline: word(
      ["fifo", "lifo", "priority"],
      "Who is served next: the first (the default), the last, or the best priority of traffic " +
        "and tenants, in which the first.",
    ).optional(),
    preemptive: flag(
      "With priority: a better one takes the slot of a worse one, which goes on later from where " +
        "it was. Default false.",
    ).optional(),
    patience: distribution(
      "A request that waits longer gives up (abandoned). Default: none does.",
    ).optional(),
  }),
]).meta({ description: "How requests wait for a slot. A number is the limit." });

const SLOTS = "Requests a replica works on at once.";

const serverSteps = list(
  "a list of steps with from and count",
  fields({
    from: duration("When it changes, from the start of the measured time; the first at 0s."),
    count: count("Slots of a replica from then on.", 1, 1_000_000),
  }),
  1,
);

export const concurrency = either(
  "a number of requests, or a list of steps with from and count, or a map with steps and drain",
  [
    count(`${SLOTS} Default no limit.`, 1, 1_000_000),
    serverSteps.meta({ description: `${SLOTS} They change in time.` }),
    fields({
      steps: serverSteps.meta({ description: `${SLOTS} They change in time.` }),
      drain: word(
        ["graceful", "requeue"],
        "What slots do that are too many: end their requests (the default), or send them back to " +
          "the head of the queue.",
      ).optional(),
    }),
  ],
).meta({ description: `${SLOTS} Default no limit.` });

export const breakdowns = fields({
  uptime: distribution("Time until a slot breaks down, busy or idle."),
  repair: distribution("Time until it works again."),
  work: word(
    ["resume", "restart"],
    "What happens to work that was done: it is kept (the default), or done again.",
  ).optional(),
}).meta({
  description: "Slots fail, each by itself; their requests go back to the head of the queue.",
});

export const setup = fields({
  time: distribution("Time until a slot that was off can serve: a cold start."),
  idle: duration("A slot without a request is switched off after this. Default 0s.").optional(),
  waits: word(
    ["queue", "server"],
    "Whether requests wait in the queue for whichever slot is free first (the default), or each " +
      "with the slot that it starts, as with functions.",
  ).optional(),
}).meta({ description: "Slots are off until they are needed." });

export type QueueInput = z.infer<typeof queue>;
export type ConcurrencyInput = z.infer<typeof concurrency>;
