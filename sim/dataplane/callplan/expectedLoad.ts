import { compileDistribution } from "../../workload/distributions.ts";
import type { CallSpec } from "../callSpec.ts";
import type { ServiceSpec, StepSpec } from "../serviceSpec.ts";
import type { TrafficSpec } from "../trafficSpec.ts";

interface Tally {
  /** Expected visits and CPU work (microseconds) of each service, for one journey. */
  readonly visits: Float64Array;
  readonly work: Float64Array;
}

/** What one journey of a traffic brings to each service, on average: first attempts only. */
export interface ExpectedLoad {
  readonly visits: readonly number[];
  /** CPU work in microseconds, by the stable revision. */
  readonly work: readonly number[];
}

/** By traffic. Call graphs are acyclic: the loader has checked that. */
export function expectedLoad(
  services: readonly ServiceSpec[],
  traffic: readonly TrafficSpec[],
): readonly ExpectedLoad[] {
  return traffic.map((entry) => {
    const tally: Tally = {
      visits: new Float64Array(services.length),
      work: new Float64Array(services.length),
    };
    const total = entry.journeys.reduce((sum, journey) => sum + journey.weight, 0);
    for (const journey of entry.journeys) {
      for (const step of journey.steps) {
        visit(services, step.call, (journey.weight / total) * step.probability, tally);
      }
    }
    return { visits: Array.from(tally.visits), work: Array.from(tally.work) };
  });
}

function visit(
  services: readonly ServiceSpec[],
  call: CallSpec,
  share: number,
  tally: Tally,
): void {
  const index = services.findIndex((service) => service.name === call.service);
  const { min, max } = services[index]?.revisions[0]?.latencyFactor ?? { min: 1, max: 1 };
  const factor = (min + max) / 2;
  const endpoint = services[index]?.endpoints.find((candidate) => candidate.name === call.endpoint);
  if (endpoint === undefined || share === 0) return;
  tally.visits[index]! += share;
  const walk = (steps: readonly StepSpec[], part: number): void => {
    for (const step of steps) {
      switch (step.kind) {
        case "work":
          tally.work[index]! += part * factor * compileDistribution(step.time).mean;
          break;
        case "wait":
          break;
        case "call":
        case "query":
          visit(services, step.call, part, tally);
          break;
        case "parallel":
          for (const branch of step.branches) walk(branch, part);
          break;
        case "choice":
          for (const option of step.options) walk(option.steps, part * option.probability);
          break;
        case "cache":
          walk(step.hit, part * step.hitRatio);
          walk(step.miss, part * (1 - step.hitRatio));
          break;
      }
    }
  };
  walk(endpoint.steps, share);
}
