import type { z } from "zod";
import { count, flag, word } from "./leaves.ts";
import { either, fields } from "./shapes.ts";

const BALANCERS = ["round-robin", "random", "least-request"] as const;

export const balancer = either("one of round-robin, random, least-request, or a map", [
  word(BALANCERS, "Least-request takes the least loaded of all, ties in turn."),
  fields({
    "least-request": fields({
      choices: either("a whole number from 1, or all", [
        count("So many are drawn at random.", 1, 1_000),
        word(["all"], "All are looked at; ties go at random."),
      ])
        .meta({ description: "Of how many the least loaded one is taken. Default 2." })
        .optional(),
      replacement: flag(
        "Whether the same one may be drawn twice, as Envoy does it. Default true.",
      ).optional(),
    }).meta({ description: "Of some that are drawn at random, the least loaded one." }),
  }),
]).meta({ description: "How callers choose a replica. Default round-robin." });

export type BalancerInput = z.infer<typeof balancer>;
