import { z } from "zod";
import { canary } from "./canary.ts";
import { claim, cluster, fault, link, OBJECTIVES, objective, price } from "./cluster.ts";
import {
  advised,
  adviseOnTime,
  count,
  duration,
  NAME,
  name,
  positiveDuration,
  text,
} from "./leaves.ts";
import { policies } from "./policies.ts";
import { datastores, services } from "./services.ts";
import { either, fields, list, named } from "./shapes.ts";
import { topics } from "./topics.ts";
import { traffic } from "./traffic.ts";

const warmUpPhrase = "a duration like 30s, 5m or 250ms, or auto";

/**
 * A scenario as it is written. The one source of its types, of its validation and of the JSON
 * Schema; nothing is converted here. Times in it count from the start of the measured time, after
 * the warm-up.
 */
export const scenarioSchema = fields({
  peakday: z
    .literal(1, { error: "1, the version of this format" })
    .meta({ description: "Version of the format." }),
  name: name("Short name, for files and tables."),
  title: text("Title of the report. Default: the name.").optional(),
  seed: count("Seed of all random numbers. Default 1.", 0, Number.MAX_SAFE_INTEGER).optional(),
  duration: positiveDuration("Measured time."),
  warmUp: either(warmUpPhrase, [
    duration("Time before it, at the traffic's first rate, that counts for nothing. Default 1m."),
    z
      .literal("auto", { error: advised(warmUpPhrase, adviseOnTime) })
      .meta({ description: "As long as pilots of all policies need to settle, by MSER-5." }),
  ])
    .meta({ description: "Time before it that counts for nothing. Default 1m." })
    .optional(),
  objective: objective
    .refine((limits) => OBJECTIVES.some((metric) => limits[metric] !== undefined), {
      error: `an objective needs one of ${OBJECTIVES.join(", ")}`,
      params: { sentence: true, key: null },
    })
    .meta({ minProperties: 1, description: "What every policy is judged by." }),
  services: services
    .refine((all) => Object.keys(all).length > 0, { error: "a map with at least one service" })
    .meta({ minProperties: 1, description: "The services, by name." }),
  datastores: datastores
    .meta({ description: "Servers outside of the cluster: databases, caches." })
    .optional(),
  links: list("a list of links", link)
    .meta({ description: "Delays between zones and regions." })
    .optional(),
  traffic: named("a map from names to traffic", traffic, {
    pattern: NAME,
    phrase: "a name of lower-case letters, digits and hyphens",
  })
    .refine((all) => Object.keys(all).length > 0, { error: "a map with at least one traffic" })
    .meta({ minProperties: 1, description: "Requests from outside, by name." })
    .optional(),
  topics: topics
    .meta({ description: "Messages that workers pull, by topic: queues of jobs." })
    .optional(),
  cluster: cluster.meta({ description: "The cluster below." }).optional(),
  policies: policies
    .meta({ description: "What is compared. Default: one set, as-is, without autoscalers." })
    .optional(),
  canary: canary.optional(),
  faults: list("a list of faults", fault)
    .meta({ description: "What breaks, and when." })
    .optional(),
  price: price.meta({ description: "Default: AWS Fargate, us-east-1, x86." }).optional(),
  claims: list("a list of claims", claim)
    .meta({ description: "Sentences about scaling that a run puts to the test." })
    .optional(),
}).meta({
  anyOf: [{ required: ["traffic"] }, { required: ["topics"] }],
  title: "peakday scenario",
  description: "A system, its traffic, and what is tried on it.",
});

export type ScenarioInput = z.infer<typeof scenarioSchema>;
