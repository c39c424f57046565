import { z } from "zod";
import { type Micros, seconds, toSeconds } from "../../../kernel/time.ts";
import { problemsOf } from "../../autoscalers/problems.ts";
import type { ConfigProblem } from "../../policy.ts";

const duration = z.number().nonnegative().optional();
const count = z.int32().positive().optional();

/**
 * Flags of cluster-autoscaler, in camel case and with durations in seconds; absent ones have its
 * defaults.
 * Source: kubernetes/autoscaler, cluster-autoscaler/FAQ.md
 */
const clusterAutoscalerConfigSchema = z.strictObject({
  scanIntervalSeconds: z.number().positive().optional(),
  /** Pods below this priority bring no nodes. */
  expendablePodsPriorityCutoff: z.int32().optional(),
  /** A node that has not registered after this long is given up. */
  maxNodeProvisionSeconds: z.number().positive().optional(),
  /** A pool that failed is left alone: first for so long, then twice as long each time. */
  initialNodeGroupBackoffSeconds: duration,
  maxNodeGroupBackoffSeconds: duration,
  nodeGroupBackoffResetSeconds: duration,
  /** Of all pools together; 0: no limit. */
  maxNodesTotal: z.int32().nonnegative().optional(),
  scaleDownEnabled: z.boolean().optional(),
  /** A node is little used when requests are below this share of cpu and of memory. */
  scaleDownUtilizationThreshold: z.number().min(0).max(1).optional(),
  scaleDownUnneededSeconds: duration,
  scaleDownUnreadySeconds: duration,
  scaleDownDelayAfterAddSeconds: duration,
  scaleDownDelayAfterFailureSeconds: duration,
  /** Default: the scan interval. */
  scaleDownDelayAfterDeleteSeconds: duration,
  maxScaleDownParallelism: count,
  maxDrainParallelism: count,
  maxGracefulTerminationSeconds: duration,
  unremovableNodeRecheckSeconds: duration,
  scaleDownNonEmptyCandidatesCount: count,
});

export type ClusterAutoscalerConfig = z.infer<typeof clusterAutoscalerConfigSchema>;

/** All flags, defaults filled in. */
export type ClusterAutoscalerSettings = {
  readonly scanInterval: Micros;
  readonly expendablePriorityCutoff: number;
  readonly maxNodeProvision: Micros;
  readonly initialBackoff: Micros;
  readonly maxBackoff: Micros;
  readonly backoffReset: Micros;
  readonly maxNodesTotal: number;
  readonly scaleDownEnabled: boolean;
  readonly utilizationThreshold: number;
  readonly unneededTime: Micros;
  readonly unreadyTime: Micros;
  readonly delayAfterAdd: Micros;
  readonly delayAfterFailure: Micros;
  readonly delayAfterDelete: Micros;
  readonly maxParallelism: number;
  readonly maxDrainParallelism: number;
  readonly maxGracePeriod: Micros;
  readonly recheckTime: Micros;
  readonly nonEmptyCandidates: number;
};

export function clusterAutoscalerSettings(
  config: ClusterAutoscalerConfig,
): ClusterAutoscalerSettings {
  const scan = config.scanIntervalSeconds ?? 10;
  return {
    scanInterval: seconds(scan),
    expendablePriorityCutoff: config.expendablePodsPriorityCutoff ?? -10,
    maxNodeProvision: seconds(config.maxNodeProvisionSeconds ?? 900),
    initialBackoff: seconds(config.initialNodeGroupBackoffSeconds ?? 300),
    maxBackoff: seconds(config.maxNodeGroupBackoffSeconds ?? 1800),
    backoffReset: seconds(config.nodeGroupBackoffResetSeconds ?? 10_800),
    maxNodesTotal: config.maxNodesTotal ?? 0,
    scaleDownEnabled: config.scaleDownEnabled ?? true,
    utilizationThreshold: config.scaleDownUtilizationThreshold ?? 0.5,
    unneededTime: seconds(config.scaleDownUnneededSeconds ?? 600),
    unreadyTime: seconds(config.scaleDownUnreadySeconds ?? 1200),
    delayAfterAdd: seconds(config.scaleDownDelayAfterAddSeconds ?? 600),
    delayAfterFailure: seconds(config.scaleDownDelayAfterFailureSeconds ?? 180),
    delayAfterDelete: seconds(config.scaleDownDelayAfterDeleteSeconds ?? scan),
    maxParallelism: config.maxScaleDownParallelism ?? 10,
    maxDrainParallelism: config.maxDrainParallelism ?? 1,
    maxGracePeriod: seconds(config.maxGracefulTerminationSeconds ?? 600),
    recheckTime: seconds(config.unremovableNodeRecheckSeconds ?? 300),
    nonEmptyCandidates: config.scaleDownNonEmptyCandidatesCount ?? 30,
  };
}

export function validateClusterAutoscaler(config: unknown): readonly ConfigProblem[] {
  const problems = problemsOf(clusterAutoscalerConfigSchema, config);
  if (problems.length > 0) return problems;
  const parsed = clusterAutoscalerConfigSchema.parse(config);
  const { initialBackoff, maxBackoff, maxParallelism, maxDrainParallelism } =
    clusterAutoscalerSettings(parsed);
  const found: ConfigProblem[] = [];
  if (initialBackoff > maxBackoff) {
    found.push({
      path: ["initialNodeGroupBackoffSeconds"],
      expected: `at most maxNodeGroupBackoffSeconds (${toSeconds(maxBackoff)})`,
      received: String(toSeconds(initialBackoff)),
    });
  }
  if (maxDrainParallelism > maxParallelism) {
    found.push({
      path: ["maxDrainParallelism"],
      expected: `at most maxScaleDownParallelism (${maxParallelism})`,
      received: String(maxDrainParallelism),
    });
  }
  return found;
}
