import { micros, seconds } from "../../../sim/kernel/time.ts";
import type { AutoscalerObservation, PodObservation } from "../../../sim/policy/autoscaler.ts";

export interface PodSketch {
  /** Millicores in the sample; null: no sample. */
  readonly cpu?: number | null;
  readonly memoryBytes?: number;
  readonly requestCpu?: number | null;
  readonly phase?: PodObservation["phase"];
  readonly deleted?: boolean;
  /** Seconds. */
  readonly start?: number;
  readonly ready?: { readonly status: boolean; readonly since: number } | null;
  readonly sampledAt?: number;
}

/**
 * An observation of pods that request 100 m of CPU and 1 Gi: long since ready and sampled over 15 s
 * unless their sketch says otherwise.
 */
export function observe(
  pods: readonly PodSketch[],
  extra: Partial<AutoscalerObservation> = {},
): AutoscalerObservation {
  const count = pods.filter(({ deleted }) => deleted !== true).length;
  return {
    specReplicas: count,
    statusReplicas: count,
    pods: pods.map(
      (
        { phase, deleted, start = -3600, ready = { status: true, since: -3500 }, ...pod },
        index,
      ) => ({
        name: `web-${index}`,
        phase: phase ?? "Running",
        deleted: deleted ?? false,
        startTime: phase === "Pending" ? null : seconds(start),
        ready: ready && { status: ready.status, lastTransition: seconds(ready.since) },
        containers: [
          {
            name: "app",
            cpuMillicores: pod.requestCpu === undefined ? 100 : pod.requestCpu,
            memoryBytes: 1_073_741_824,
          },
        ],
      }),
    ),
    resourceMetrics: pods.flatMap(({ cpu, memoryBytes, sampledAt = -5 }, index) =>
      cpu === undefined || cpu === null
        ? []
        : [
            {
              pod: `web-${index}`,
              timestamp: seconds(sampledAt),
              window: seconds(15),
              containers: [{ name: "app", cpuMillicores: cpu, memoryBytes: memoryBytes ?? 0 }],
            },
          ],
    ),
    podsMetrics: {},
    objectMetrics: {},
    externalMetrics: {},
    ...extra,
  };
}

/** `count` pods that each use `cpu` millicores. */
export const uniform = (count: number, cpu: number): PodSketch[] =>
  Array.from({ length: count }, () => ({ cpu }));

export const NOW = micros(0);

/** These policies draw nothing. */
export const noDraw = (): never => {
  throw new Error("drew a random number");
};
