import { z } from "zod";
import { duration, NAME, text } from "./leaves.ts";
import { fields, META_ONE_KEY, named } from "./shapes.ts";

/** `{hpa: …}`: the name of a policy and its configuration, which the policy itself checks. */
export const autoscalerUse = z
  .record(z.string(), z.unknown(), { error: "a map with a policy's name: {hpa: …}" })
  .meta({ id: "Autoscaler", ...META_ONE_KEY, description: "A policy and its configuration." });

/**
 * `{staged-canary: …, revision: v2, at: 1m}`. Without a policy it is the one of the service's
 * manifest.
 */
const rolloutUse = z
  .looseObject(
    {
      revision: text("The revision that is rolled out."),
      at: duration("When it begins, from the start of the measured time. Default 0s.").optional(),
    },
    { error: "a map with a policy's name, revision and at" },
  )
  .meta({ id: "Rollout", minProperties: 1, maxProperties: 3 });

const policySet = fields({
  about: text("What it is, in a few words.").optional(),
  autoscalers: named("a map from services to their autoscalers", autoscalerUse)
    .meta({ description: "Who decides on replicas. Services without one keep theirs." })
    .optional(),
  nodeAutoscaler: autoscalerUse
    .meta({ description: "Who decides on the nodes of pools. Without one they stay as they are." })
    .optional(),
  rollouts: named("a map from services to their rollouts", rolloutUse)
    .meta({ description: "New revisions, and who decides on them." })
    .optional(),
  overlay: z
    .record(z.string(), z.unknown(), { error: "a part of a scenario" })
    .meta({
      description:
        "What is different under this set: laid over the rest, key by key; null takes a key away.",
    })
    .optional(),
});

export const policies = named("a map from names to sets of policies", policySet, {
  pattern: NAME,
  phrase: "a name of lower-case letters, digits and hyphens",
});

export type PolicySetInput = z.infer<typeof policySet>;
