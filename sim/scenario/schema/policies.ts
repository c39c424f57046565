import { z } from "zod";
import { duration, flag, NAME, text } from "./leaves.ts";
import { either, fields, list, META_ONE_KEY, named, reportSentence } from "./shapes.ts";

/** `{hpa: …}`: the name of a policy and its configuration, which the policy itself checks. */
export const autoscalerUse = z
  .record(z.string(), z.unknown(), { error: "a map with a policy's name: {hpa: …}" })
  .meta({ id: "Autoscaler", ...META_ONE_KEY, description: "A policy and its configuration." });

const releaseShape = {
  revision: text("The revision that is rolled out.").optional(),
  at: duration("When it begins, from the start of the measured time. Default 0s.").optional(),
  paused: flag("From then on the Deployment's rollouts stand still (spec.paused).").optional(),
};

/** Keys of a release that name no policy. */
export const RELEASE_KEYS: readonly string[] = Object.keys(releaseShape);

/**
 * `{staged-canary: …, revision: v2, at: 1m}`. Without a policy it is the one of the service's
 * manifest.
 */
const rolloutUse = z
  .looseObject(releaseShape, { error: "a map with a policy's name, revision and at" })
  .check((context) => {
    const { revision, paused } = context.value;
    if (revision !== undefined || paused !== undefined) return;
    reportSentence(context, "a rollout needs a revision, or paused", null);
  })
  .meta({
    id: "Rollout",
    minProperties: 1,
    maxProperties: 4,
    anyOf: [{ required: ["revision"] }, { required: ["paused"] }],
  });

const rollouts = named(
  "a map from services to their rollouts",
  either("a rollout, or a list of them in order of time", [
    rolloutUse,
    list("a list of rollouts", rolloutUse, 1).meta({
      description:
        "Releases that follow each other, and pauses; the policy stands in the first one. " +
        "A release takes over from one that is under way; an earlier revision is a rollback.",
    }),
  ]),
).meta({ description: "New revisions, and who decides on them." });

const policySet = fields({
  about: text("What it is, in a few words.").optional(),
  autoscalers: named("a map from services to their autoscalers", autoscalerUse)
    .meta({ description: "Who decides on replicas. Services without one keep theirs." })
    .optional(),
  nodeAutoscaler: autoscalerUse
    .meta({ description: "Who decides on the nodes of pools. Without one they stay as they are." })
    .optional(),
  rollouts: rollouts.optional(),
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
export type RolloutsInput = z.infer<typeof rollouts>;
export type RolloutUseInput = z.infer<typeof rolloutUse>;
