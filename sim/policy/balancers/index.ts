import type { Balancer } from "./balancer.ts";
import { ConsistentHash } from "./consistentHash.ts";
import { LeastRequest } from "./leastRequest.ts";
import { JoinShortestQueue, PowerOfChoices } from "./powerOfChoices.ts";
import { RandomChoice } from "./random.ts";
import { RoundRobin } from "./roundRobin.ts";

/** How callers choose among the endpoints of a service. */
export type BalancerSpec =
  | { readonly kind: "round-robin" | "random" }
  /**
   * Of `choices` endpoints that are drawn at random, with replacement or without; of all, ties at
   * random or in turn.
   */
  | {
      readonly kind: "least-request";
      readonly choices: number | "all";
      readonly replacement: boolean;
      readonly ties: "random" | "in-turn";
    }
  /** Requests with one key go to one endpoint, while it has at most `bound` times the mean. */
  | {
      readonly kind: "consistent-hash";
      readonly key: HashKey;
      readonly bound: number | null;
    };

/** What of a request is hashed. */
export const HASH_KEYS = ["user", "key", "tenant", "region"] as const;

export type HashKey = (typeof HASH_KEYS)[number];

export function createBalancer(spec: BalancerSpec): Balancer {
  switch (spec.kind) {
    case "round-robin":
      return new RoundRobin();
    case "random":
      return new RandomChoice();
    case "least-request": {
      const { choices, replacement, ties } = spec;
      if (choices !== "all") return new PowerOfChoices({ choices, replacement });
      return ties === "random" ? new JoinShortestQueue() : new LeastRequest();
    }
    case "consistent-hash":
      return new ConsistentHash(spec);
  }
}
