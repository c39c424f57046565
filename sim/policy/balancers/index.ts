import type { Balancer } from "./balancer.ts";
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
    };

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
  }
}
