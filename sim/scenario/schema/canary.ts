import { z } from "zod";
import { count, rate, share, text } from "./leaves.ts";
import { release } from "./revisions.ts";
import { fields, list, named } from "./shapes.ts";

/** What `peakday canary` varies; everything has a default. */
export const canary = fields({
  policy: text(
    "The set of policies whose rollout is judged. Default: the first that has one.",
  ).optional(),
  rates: list("a list of rates", rate("Requests per second of all traffic together."), 1)
    .meta({ description: "Levels of traffic. Default: 5, 25 and 100 % of the scenario's mean." })
    .optional(),
  errors: list("a list of shares", share("Share of its answers that are errors."), 1)
    .meta({
      description: "How bad the new revision truly is. Default 0.25%, 0.5%, 1%, 2% and 5%.",
    })
    .optional(),
  healthy: share(
    "Errors of a release that should pass. Default: as many as the stable revision.",
  ).optional(),
  bug: release
    .meta({
      description: "A release that must be caught. Default: 5% errors, 1.5 to 3 times as slow.",
    })
    .optional(),
  variants: named(
    "a map from names to changes of the policy's configuration",
    z.record(z.string(), z.unknown(), { error: "a map with keys of the policy's configuration" }),
  )
    .meta({ description: "Other settings of the policy, to see what would mend it." })
    .optional(),
  runs: count("Rollouts of each kind. Default: fewer, the more requests they take.", 1).optional(),
}).meta({ description: "How often a rollout catches a bug, and stops a healthy release." });

export type CanaryInput = z.infer<typeof canary>;
