import type { z } from "zod";
import { HASH_KEYS } from "../../policy/balancers/index.ts";
import { count, flag, number, word } from "./leaves.ts";
import { checkOneOf, either, fields, META_ONE_KEY } from "./shapes.ts";

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
    })
      .meta({ description: "Of some that are drawn at random, the least loaded one." })
      .optional(),
    "consistent-hash": fields({
      key: word(HASH_KEYS, "Requests that have this in common go to one replica."),
      boundedLoad: number(
        "A replica with more than so many times the mean of the requests outstanding is passed " +
          "over. Default no bound.",
        { min: 1, max: 100 },
      ).optional(),
    })
      .meta({ description: "By a hash that few keys change replicas for when one comes or goes." })
      .optional(),
  })
    .check(checkOneOf("a balancer", ["least-request", "consistent-hash"]))
    .meta(META_ONE_KEY),
]).meta({ description: "How callers choose a replica. Default round-robin." });

export type BalancerInput = z.infer<typeof balancer>;
