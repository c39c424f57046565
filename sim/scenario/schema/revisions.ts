import { z } from "zod";
import { adviseOnTime, cpu, duration, number, share } from "./leaves.ts";
import { memoryUse } from "./serving.ts";
import { either, fields, list } from "./shapes.ts";
import { distribution, distributionMap } from "./time.ts";

export const startup = either(
  "a duration, a distribution, or a map with time and cpu",
  [
    duration("Always this long."),
    distributionMap,
    fields({
      time: distribution("From container start until it listens."),
      cpu: cpu("CPU that it uses meanwhile; under a smaller limit it takes longer."),
    }),
  ],
  adviseOnTime,
).meta({ description: "From container start until it listens. Default 2s." });

const answers = {
  errors: share("Share of the answers that are errors. Default 0.").optional(),
  latency: either("a factor, or a map with min and max", [
    number("Everything takes this many times as long.", { above: 0 }),
    fields({
      min: number("The least factor.", { above: 0 }),
      max: number("The largest factor.", { above: 0 }),
    }),
  ])
    .meta({
      description: "Work and waits take this many times as long, one draw a request. Default 1.",
    })
    .optional(),
};

/** What a revision answers, and how fast. */
export const release = fields(answers);

const FAILED_PROBES = "a list of startup, readiness and liveness";

/** What is different in a revision. */
export const revision = fields({
  ...answers,
  startup: startup.optional(),
  memory: memoryUse.meta({ description: "Laid over the service's memory, key by key." }).optional(),
  failsProbes: list(
    FAILED_PROBES,
    z.enum(["startup", "readiness", "liveness"], { error: "startup, readiness or liveness" }),
  )
    .meta({
      description:
        "Probes of the service that its processes never answer well: a release that does not " +
        "become ready (readiness), or is restarted again and again (startup, liveness).",
    })
    .optional(),
});

export type RevisionInput = z.infer<typeof revision>;
