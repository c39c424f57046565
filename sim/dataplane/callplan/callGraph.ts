import type { DistributionSpec } from "../../workload/distributions.ts";
import type { ServiceSpec, StepSpec } from "../serviceSpec.ts";

/** What one request to an endpoint does, on average: first attempts only. */
export interface EndpointNode {
  readonly service: number;
  /** `service endpoint`. */
  readonly id: string;
  /** Pieces of CPU work, and how often each is done. */
  readonly work: readonly { readonly share: number; readonly time: DistributionSpec }[];
  /** Calls to other endpoints, by their number. */
  readonly calls: ReadonlyMap<number, number>;
}

/** How an endpoint is named in messages, and found again. */
export const endpointId = (service: string, endpoint: string): string => `${service} ${endpoint}`;

/** All endpoints, in order of the services. Calls that lead nowhere are left out. */
export function callGraph(services: readonly ServiceSpec[]): readonly EndpointNode[] {
  const ids = services.flatMap(({ name, endpoints }) =>
    endpoints.map((endpoint) => endpointId(name, endpoint.name)),
  );
  const numbers = new Map(ids.map((id, number) => [id, number]));
  return services.flatMap((service, index) => {
    return service.endpoints.map(({ name, steps }) => ({
      service: index,
      id: endpointId(service.name, name),
      ...tally(steps, numbers),
    }));
  });
}

function tally(
  steps: readonly StepSpec[],
  numbers: ReadonlyMap<string, number>,
): Pick<EndpointNode, "work" | "calls"> {
  const calls = new Map<number, number>();
  const work: { readonly share: number; readonly time: DistributionSpec }[] = [];
  const walk = (list: readonly StepSpec[], part: number): void => {
    for (const step of list) {
      switch (step.kind) {
        case "work":
          work.push({ share: part, time: step.time });
          break;
        case "wait":
          break;
        case "lock":
          walk(step.each, part * step.lock.rows);
          break;
        case "transaction":
          walk(step.steps, part);
          break;
        case "call":
        case "query": {
          const to = numbers.get(endpointId(step.call.service, step.call.endpoint));
          if (to !== undefined && part > 0) calls.set(to, (calls.get(to) ?? 0) + part);
          break;
        }
        case "parallel":
          for (const branch of step.branches) walk(branch, part);
          break;
        case "choice":
          for (const option of step.options) walk(option.steps, part * option.probability);
          break;
        case "lookup":
          // Nobody knows its hits before: as if nothing were ever found.
          walk(step.miss, part);
          break;
        case "cache":
          walk(step.hit, part * step.hitRatio);
          walk(step.miss, part * (1 - step.hitRatio));
          break;
      }
    }
  };
  walk(steps, 1);
  return { work, calls };
}

/** A pivot below this is none: the visits of such a graph would not be finite in doubles. */
const LEAST_PIVOT = 1e-9;

/**
 * Whether requests among these endpoints come to an end: with M the expected calls of each to each,
 * the visits (I − M)⁻¹ are finite and not negative exactly when elimination, without exchanging
 * rows, finds positive pivots only (Berman & Plemmons, "Nonnegative Matrices", chapter 6).
 */
export function comesToAnEnd(
  graph: readonly EndpointNode[],
  among: readonly number[] = [...graph.keys()],
): boolean {
  const matrix = among.map((from, i) =>
    among.map((to, j) => (i === j ? 1 : 0) - (graph[from]!.calls.get(to) ?? 0)),
  );
  for (const [k, pivotRow] of matrix.entries()) {
    const pivot = pivotRow[k]!;
    if (pivot < LEAST_PIVOT) return false;
    for (const row of matrix.slice(k + 1)) {
      const factor = row[k]! / pivot;
      if (factor === 0) continue;
      for (let j = k; j < row.length; j++) row[j]! -= factor * pivotRow[j]!;
    }
  }
  return true;
}

/** What is left of the visits when no more are followed: far below what doubles keep of them. */
const NEGLIGIBLE = 1e-15;

/**
 * Expected visits to each endpoint of a graph that comes to an end, when these are called from
 * outside. Calls are followed generation by generation, which is exact without circles.
 */
export function expectedVisits(
  graph: readonly EndpointNode[],
  outside: ReadonlyMap<number, number>,
): Float64Array {
  const visits = new Float64Array(graph.length);
  let generation = outside;
  let left = Number.POSITIVE_INFINITY;
  while (left > NEGLIGIBLE) {
    const next = new Map<number, number>();
    left = 0;
    for (const [node, count] of generation) {
      visits[node]! += count;
      for (const [to, calls] of graph[node]!.calls) {
        next.set(to, (next.get(to) ?? 0) + count * calls);
        left += count * calls;
      }
    }
    generation = next;
  }
  return visits;
}
