import type { Balancer } from "./balancer.ts";
import { LeastRequest } from "./leastRequest.ts";
import { RandomChoice } from "./random.ts";
import { RoundRobin } from "./roundRobin.ts";

/** Makers of balancers by the name that scenarios use. */
export const balancers: Readonly<Record<string, () => Balancer>> = {
  "round-robin": () => new RoundRobin(),
  random: () => new RandomChoice(),
  "least-request": () => new LeastRequest(),
};
