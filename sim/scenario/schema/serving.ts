import { flag, memory, number, positiveDuration, word } from "./leaves.ts";
import { fields } from "./shapes.ts";

/** How a service's processes spend CPU and memory, beside what its requests ask for. */
export const memoryUse = fields({
  base: memory("Of an idle replica. Default 0.").optional(),
  perRequest: memory("For each request in it. Default 0.").optional(),
  cache: fields({
    perRequest: memory("What each request adds to it."),
    max: memory("It grows no further than this."),
  })
    .meta({ description: "A cache in the process that fills with the requests that came." })
    .optional(),
  leakPerRequest: memory("What each request leaves behind for ever. Default 0.").optional(),
}).meta({ description: "Memory in use; above its limit a container is killed." });

export const quota = word(
  ["even", "cfs"],
  "How the CPU limit holds: at every moment (the default), or as the kernel does, in periods of " +
    "100 ms: at full speed until the quota is used up, then not at all.",
);

export const replicaWarmUp = fields({
  factor: number("Work takes this many times as long in a process that has just started.", {
    min: 1,
    max: 1_000_000,
  }),
  duration: positiveDuration("The factor falls to 1 in this time, linearly."),
  coldCaches: flag(
    "Its caches are empty at first: hits rise from none, linearly as well. Default false.",
  ).optional(),
}).meta({
  description: "New processes are slower; those that are there when the run begins are warm.",
});
