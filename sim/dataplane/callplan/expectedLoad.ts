import { compileDistribution } from "../../workload/distributions.ts";
import type { ServiceSpec } from "../serviceSpec.ts";
import type { TrafficSpec } from "../trafficSpec.ts";
import { callGraph, endpointId, expectedVisits } from "./callGraph.ts";

/** What one journey of a traffic brings to each service, on average: first attempts only. */
export interface ExpectedLoad {
  readonly visits: readonly number[];
  /** CPU work in microseconds, by the stable revision. */
  readonly work: readonly number[];
}

/** By traffic. Requests may come round again, but come to an end: the loader has checked that. */
export function expectedLoad(
  services: readonly ServiceSpec[],
  traffic: readonly TrafficSpec[],
): readonly ExpectedLoad[] {
  const graph = callGraph(services);
  const once = graph.map(({ service, work }) => {
    const { min, max } = services[service]?.revisions[0]?.latencyFactor ?? { min: 1, max: 1 };
    const sum = work.reduce(
      (all, { share, time }) => all + share * compileDistribution(time).mean,
      0,
    );
    return sum * ((min + max) / 2);
  });
  return traffic.map(({ journeys }) => {
    const total = journeys.reduce((sum, journey) => sum + journey.weight, 0);
    const outside = new Map<number, number>();
    for (const { weight, steps } of journeys) {
      for (const { call, probability } of steps) {
        const id = endpointId(call.service, call.endpoint);
        const node = graph.findIndex((candidate) => candidate.id === id);
        if (node < 0) continue;
        outside.set(node, (outside.get(node) ?? 0) + (weight / total) * probability);
      }
    }
    const visits = services.map(() => 0);
    const work = services.map(() => 0);
    for (const [node, count] of expectedVisits(graph, outside).entries()) {
      const { service } = graph[node]!;
      visits[service]! += count;
      work[service]! += count * once[node]!;
    }
    return { visits, work };
  });
}
