import { z } from "zod";

/** A mean over replications with its interval; null bounds when one replication is all there is. */
const estimate = z.strictObject({
  mean: z.number(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  n: z.int(),
});

const latency = z.strictObject({
  meanMs: z.number(),
  p50Ms: z.number(),
  p95Ms: z.number(),
  p99Ms: z.number(),
  p999Ms: z.number(),
  maxMs: z.number(),
});

/** Counts by reason, in the words of `FAILURE_REASONS`: `timeout`, `queue-full`, `error`, … */
const counts = z.record(z.string(), z.number());

/**
 * What became of the messages that were published in the measured time, in one group of consumers.
 */
const topicCounts = z.strictObject({
  topic: z.string(),
  group: z.string(),
  service: z.string(),
  published: z.int(),
  consumed: z.int(),
  deadLettered: z.int(),
  /** Not done with at the end. */
  lag: z.int(),
  /** Hand-outs after the first of each message. */
  redeliveries: z.int(),
  /** Hand-outs, of all messages, whose worker died, that failed, that did what was done already. */
  lost: z.int(),
  failed: z.int(),
  duplicates: z.int(),
  /** Hand-outs that failed and led to a retry topic; only where there are some. */
  retried: z.int().optional(),
  /** Of topics with partitions only. */
  partitions: z
    .strictObject({
      /** Messages by partition, in their order: published, done, not done with at the end. */
      published: z.array(z.int()),
      consumed: z.array(z.int()),
      lag: z.array(z.int()),
      /** How often the group shared them out, at the start included. */
      rebalances: z.int(),
      /** Messages that were done after a later one of their partition. */
      outOfOrder: z.int(),
    })
    .optional(),
  /** Time of workers that those took. */
  wastedHours: z.number(),
  /** Messages with a deadline that was met or is over; those of them that were late, or never. */
  due: z.int(),
  missed: z.int(),
  /** From publishing to the first hand-out: null when none was handed out. */
  meanWaitSeconds: z.number().nullable(),
  p95WaitSeconds: z.number().nullable(),
  /**
   * From the first batch to the end of the work on the last of all batches; null when it is not
   * done, or dead-lettered, or when there are streams only, which have no end.
   */
  makespanSeconds: z.number().nullable(),
});

/** What the pods of a run waited for, and the nodes that came. */
const provisioning = z.strictObject({
  nodesAdded: z.int(),
  nodeHours: z.number(),
  /** Pods that a node that came later took, and how long they waited for a place. */
  pods: z.int(),
  meanWaitSeconds: z.number().nullable(),
  maxWaitSeconds: z.number().nullable(),
});

/** Calls of one service, by all its callers. */
const callCounts = z.strictObject({
  service: z.string(),
  /** Calls that reached it. */
  attempts: z.number(),
  retries: z.number(),
  /** Retries that a budget or throttling did not allow. */
  retriesDenied: z.number(),
  /** Copies that were sent because the first took long, and those of them that answered first. */
  hedges: z.number(),
  hedgesWon: z.number(),
  /** Attempts that their callers gave up. */
  timeouts: z.number(),
  /** Calls that failed for good and whose callers did something else instead. */
  fallbacks: z.number(),
});

/** Queue and servers of one service, all its replicas together. */
const stationResult = z.strictObject({
  service: z.string(),
  arrivals: z.number(),
  /** Arrivals that found no idle server and queued; that found no place; that gave up waiting. */
  waited: z.number(),
  refused: z.number(),
  abandoned: z.number(),
  /** Servers that were switched on. */
  coldStarts: z.number(),
  /** Requests that lost their server to a better one, a breakdown or fewer servers. */
  interrupted: z.number(),
  /** Means over the measured time: requests that wait, servers by what they are about. */
  meanWaiting: z.number(),
  meanBusy: z.number(),
  meanIdle: z.number(),
  meanSettingUp: z.number(),
  meanOff: z.number(),
  meanDown: z.number(),
});

/** Locks of the rows of one table, in the measured time. */
const lockResult = z.strictObject({
  table: z.string(),
  /** Locks that were had, and those of them that had to be waited for. */
  taken: z.int(),
  waited: z.int(),
  /** Waits that ended in `lock-timeout`. */
  timeouts: z.int(),
  /** Of the locks that had to be waited for. */
  meanWaitMs: z.number().nullable(),
  /** The most requests that waited for one row at once. */
  longestQueue: z.int(),
});

/** A datastore with shards or replicas, in the measured time. */
const datastoreResult = z.strictObject({
  datastore: z.string(),
  /** Calls by shard. */
  requests: z.array(z.int()),
  /** Reads from replicas, and those of them that missed a write that had been answered before. */
  replicaReads: z.int(),
  staleReads: z.int(),
  /** Primaries that were replaced. */
  failovers: z.int(),
  /** Keys whose last write no replica had when their primary died. */
  lostWrites: z.int(),
});

const replication = z.strictObject({
  replication: z.int(),
  digest: z.string().nullable(),
  requests: z.number(),
  completed: z.number(),
  failed: z.number(),
  inFlight: z.number().nullable(),
  /** Arrivals that the load generator could not send; always 0 in a simulation. */
  dropped: z.number(),
  failures: counts,
  /**
   * Requests that were answered with something instead of what failed (`cached`, `default`,
   * `degraded`): neither completed nor failed. Only where there were any.
   */
  degraded: counts.optional(),
  /** What calls took beyond their first attempts; absent where all calls are plain. */
  calls: z.array(callCounts).optional(),
  /** Services whose slots break down, are set up, change in time, or queue in an order. */
  stations: z.array(stationResult).optional(),
  /** Tables whose rows are locked. */
  locks: z.array(lockResult).optional(),
  datastores: z.array(datastoreResult).optional(),
  latency: latency.nullable(),
  failedPercent: z.number(),
  replicaHours: z.number(),
  costUsd: z.number().nullable(),
  held: z.boolean(),
  /**
   * The minute with the worst p95 (by failures when equal), from the start of the measured time.
   */
  worstMinute: z
    .strictObject({
      startSeconds: z.number(),
      p95Ms: z.number().nullable(),
      failedPercent: z.number(),
    })
    .nullable(),
  /** Of scenarios with topics only. */
  topics: z.array(topicCounts).optional(),
  provisioning: provisioning.optional(),
});

/** One service through time; bins like the timeline's. */
const serviceTimeline = z.strictObject({
  service: z.string(),
  /** `spec.replicas`, pods that exist, pods that callers know as ready: at the end of each bin. */
  wanted: z.array(z.number().nullable()),
  created: z.array(z.number().nullable()),
  ready: z.array(z.number().nullable()),
  /** Requests per second that the ready replicas can serve; null where it is not known. */
  capacityRps: z.array(z.number().nullable()),
  /** CPU used by all replicas, in cores. */
  cpuCores: z.array(z.number().nullable()),
  /** Requests that were sent to it, also when no pod took them; absent where it is not known. */
  offeredRps: z.array(z.number()).optional(),
  /** Requests that arrived at the service. */
  arrivalsRps: z.array(z.number()),
  failedPercent: z.array(z.number()),
  meanQueueMs: z.array(z.number().nullable()),
  /** By revision, of services with rollouts only. */
  revisions: z
    .array(
      z.strictObject({
        revision: z.string(),
        /** Pods that exist at the end of each bin. */
        pods: z.array(z.number()),
        /** CPU of its pods in percent of what they request; null without pods or a request. */
        cpuPercent: z.array(z.number().nullable()),
      }),
    )
    .optional(),
});

/** Replication 0, bin by bin, from the start of the measured time. */
const timeline = z.strictObject({
  replication: z.int(),
  binSeconds: z.number(),
  arrivalsRps: z.array(z.number()),
  completedRps: z.array(z.number()),
  /** Failed requests per bin, by reason. */
  failures: z.record(z.string(), z.array(z.number())),
  p50Ms: z.array(z.number().nullable()),
  p95Ms: z.array(z.number().nullable()),
  p99Ms: z.array(z.number().nullable()),
  services: z.array(serviceTimeline),
  /** By group of consumers; counts of messages at the end of each bin. Absent without topics. */
  topics: z
    .array(
      z.strictObject({
        topic: z.string(),
        group: z.string(),
        /** Waiting or hidden; in the hands of workers; done since the run began. */
        waiting: z.array(z.number()),
        working: z.array(z.number()),
        consumed: z.array(z.number()),
      }),
    )
    .optional(),
});

const decision = z.strictObject({
  timeSeconds: z.number(),
  controller: z.string(),
  subject: z.string(),
  kind: z.enum(["scale", "rollout", "fault", "pod", "node"]),
  reason: z.string(),
  message: z.string(),
  from: z.number().nullable(),
  to: z.number().nullable(),
});

/**
 * From the moment the demand crossed the autoscaler's target until the last pod that was needed is
 * known to callers, link by link.
 */
const delayChain = z.strictObject({
  service: z.string(),
  /** Replications in which there was such a reaction. */
  n: z.int(),
  startSeconds: z.number(),
  wholeSeconds: estimate,
  /**
   * In order of time; their means add up to the whole. `setting` is the parameter behind the link.
   */
  links: z.array(
    z.strictObject({
      link: z.string(),
      group: z.enum(["seeing", "deciding", "bringing-up"]),
      seconds: z.number(),
      setting: z.string(),
      /**
       * The whole reaction with that parameter halved (a limit doubled); null when it was not run.
       */
      halvedWholeSeconds: z.number().nullable(),
    }),
  ),
});

/** Mean per answered request in the worst minute of the policy; parts add up to the total. */
const timeSpent = z.strictObject({
  startSeconds: z.number(),
  service: z.string(),
  queueMs: z.number(),
  serviceMs: z.number(),
  downstreamMs: z.number(),
  totalMs: z.number(),
});

const objectiveCheck = z.strictObject({
  metric: z.string(),
  limit: z.number(),
  unit: z.enum(["ms", "%"]),
  value: estimate.nullable(),
  held: z.boolean(),
});

/** What became of a release that was rolled out during the run (replication 0). */
const rolloutOutcome = z.strictObject({
  workload: z.string(),
  revision: z.string(),
  policy: z.string(),
  outcome: z.enum(["promoted", "rolled-back", "unfinished"]),
  reason: z.string(),
  /** When it began, from the start of the measured time. */
  atSeconds: z.number().optional(),
  /** From the start of the rollout. */
  endSeconds: z.number().nullable(),
  stages: z.array(
    z.strictObject({
      percent: z.number(),
      startSeconds: z.number(),
      requests: z.number(),
      failures: z.number(),
    }),
  ),
  /**
   * Distinct users who met a failure of the new revision that the stable one would not have given;
   * null where some traffic does not say how many users there are.
   */
  usersHurt: z.number().nullable(),
});

/** A group of consumers over the replications; times of those in which they are known. */
const topicSummary = z.strictObject({
  topic: z.string(),
  group: z.string(),
  service: z.string(),
  published: estimate,
  consumed: estimate,
  deadLettered: estimate,
  lag: estimate,
  redeliveries: estimate,
  lost: estimate,
  /** Work that had been done before. */
  duplicates: estimate,
  wastedHours: estimate,
  missedPercent: estimate.nullable(),
  meanWaitSeconds: estimate.nullable(),
  p95WaitSeconds: estimate.nullable(),
  /** Of topics with partitions only: of the busiest partition, in the mean 1 / partitions. */
  hottestPartition: z
    .strictObject({ publishedPercent: estimate, lag: estimate, rebalances: estimate })
    .optional(),
  /** Null where it is in any replication. */
  makespanSeconds: estimate.nullable(),
});

/** A median and the order statistics that enclose it, with at least the level of the result. */
const medianOverRuns = z.strictObject({ median: z.number(), low: z.number(), high: z.number() });

/** One long run in equal parts that do not overlap, instead of replications. */
const batchMeans = z.strictObject({
  count: z.int(),
  /** Length of each. */
  seconds: z.number(),
  /** Correlation of neighbouring means, and von Neumann's test that there is none. */
  lag1: z.number(),
  pValue: z.number(),
  /** False where the test rejects it at 5 %, or a batch has no mean. */
  isIndependent: z.boolean(),
  batches: z.array(
    z.strictObject({
      requests: z.number(),
      failedPercent: z.number(),
      meanMs: z.number().nullable(),
      p95Ms: z.number().nullable(),
    }),
  ),
});

const policyResult = z.strictObject({
  name: z.string(),
  about: z.string(),
  replications: z.array(replication),
  metrics: z.strictObject({
    p50Ms: estimate.nullable(),
    p95Ms: estimate.nullable(),
    p99Ms: estimate.nullable(),
    meanMs: estimate.nullable(),
    failedPercent: estimate,
    requests: estimate,
    throughputRps: estimate,
    costUsd: estimate.nullable(),
    replicaHours: estimate,
  }),
  /**
   * Latency quantiles of the replications, free of any distribution; absent where they are too few
   * for it, below 6 at 95 %.
   */
  medianRun: z
    .strictObject({ p95Ms: medianOverRuns.nullable(), p99Ms: medianOverRuns.nullable() })
    .optional(),
  /** Only with `--batch-means`: the intervals of `metrics` come from them. */
  batchMeans: batchMeans.optional(),
  objective: z.strictObject({
    held: z.boolean(),
    heldIn: z.int(),
    of: z.int(),
    checks: z.array(objectiveCheck),
  }),
  failures: counts,
  timeline,
  decisions: z.array(decision),
  delayChains: z.array(delayChain),
  timeSpent: timeSpent.nullable(),
  bottleneck: z
    .strictObject({
      resource: z.string(),
      service: z.string(),
      busyPercent: z.number(),
      startSeconds: z.number(),
    })
    .nullable(),
  replicas: z.array(
    z.strictObject({ service: z.string(), mean: z.number(), min: z.number(), max: z.number() }),
  ),
  rollouts: z.array(rolloutOutcome),
  /** Of scenarios with topics only. */
  topics: z.array(topicSummary).optional(),
});

const pairedDifference = z.strictObject({
  mean: z.number(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  n: z.int(),
  /** By the interval; where several policies are compared, by `adjustedPValue`. */
  verdict: z.enum(["better", "worse", "no difference shown"]),
  /** Two-sided, of the paired t test; null with one pair. */
  pValue: z.number().nullable().optional(),
  /**
   * The same for having compared so often: Benjamini–Hochberg over this metric's differences.
   * Only where there are several.
   */
  adjustedPValue: z.number().nullable().optional(),
  /** Wilcoxon's signed-rank test of the same pairs, which needs no normal distribution. */
  signedRank: z
    .strictObject({
      /** Two-sided. */
      pValue: z.number(),
      /** Pairs that differ. */
      n: z.int(),
      /** Whether all signs were counted, or the normal distribution stands in. */
      isExact: z.boolean(),
    })
    .optional(),
});

const comparison = z.strictObject({
  policy: z.string(),
  against: z.string(),
  differences: z.strictObject({
    p95Ms: pairedDifference.nullable(),
    p99Ms: pairedDifference.nullable(),
    failedPercent: pairedDifference.nullable(),
    costUsd: pairedDifference.nullable(),
    /** Of scenarios with topics only. */
    missedPercent: pairedDifference.nullable().optional(),
  }),
});

const claim = z.strictObject({
  text: z.string(),
  service: z.string(),
  from: z.number(),
  to: z.number(),
  withinSeconds: z.number(),
  /**
   * When, in replication 0, the demand first called for more than `from`; null when it never did.
   */
  startSeconds: z.number().nullable(),
  /**
   * From the first moment the demand called for more than `from`; null when `to` was never ready.
   */
  policies: z.array(
    z.strictObject({
      policy: z.string(),
      seconds: estimate.nullable(),
      reachedIn: z.int(),
      kept: z.boolean(),
    }),
  ),
});

/** Operating characteristic of a rollout policy: a grid of traffic × true error share. */
const canary = z.strictObject({
  policy: z.string(),
  stagesPercent: z.array(z.number()),
  /** How long the policy means each stage to last; null when it does not say. */
  stageSeconds: z.number().nullable(),
  healthyErrorShare: z.number(),
  /** Of each variant and level of traffic the bug is the last cell. */
  cells: z.array(
    z.strictObject({
      variant: z.string(),
      trafficRps: z.number(),
      errorShare: z.number(),
      latencyFactor: z.number(),
      rollouts: z.int(),
      rolledBack: z.int(),
      /** Share rolled back with its interval, 0 … 1. */
      share: estimate,
      /**
       * Most frequent stage of the rollback, in percent of traffic; null when none was rolled back.
       */
      stagePercent: z.number().nullable(),
      detectionSeconds: estimate.nullable(),
      usersHurt: estimate.nullable(),
      /** How the first rollout of the cell went, stage by stage. */
      example: rolloutOutcome,
    }),
  ),
});

/** How much more traffic holds the objective, by policy. */
const headroom = z.strictObject({
  /** Largest rate of all open traffic together, as the scenario stands; null without any. */
  peakRps: z.number().nullable(),
  /** Virtual users of closed traffic. */
  users: z.int(),
  /** Relative width at which the search ended. */
  within: z.number(),
  policies: z.array(
    z.strictObject({
      policy: z.string(),
      /** Times the scenario's traffic; 0 where no traffic holds it. */
      factor: estimate,
      /** Replications in which even the most traffic that was tried held: `factor` is a bound. */
      unlimited: z.int(),
      /** What was busiest just above it, in most replications. */
      bottleneck: z
        .strictObject({
          resource: z.string(),
          service: z.string(),
          busyPercent: z.number(),
          inRuns: z.int(),
        })
        .nullable(),
    }),
  ),
});

/** Which settings were varied, and the point of the grid that each policy is. */
const sweep = z.strictObject({
  axes: z.array(
    z.strictObject({ name: z.string(), path: z.string(), values: z.array(z.string()) }),
  ),
  /** In the order of `policies`: the policy of the scenario, and a value for each axis. */
  points: z.array(z.strictObject({ base: z.string(), values: z.array(z.string()) })),
});

/** The policy with the least mean of a metric, chosen by Kim and Nelson's procedure. */
const selection = z.strictObject({
  metric: z.enum(["mean", "p50", "p95", "p99", "failed", "missed", "cost"]),
  /** Least chance that the best is chosen, if it is better by the indifference. */
  probability: z.number(),
  /** As a share of the best mean of the first runs, and in the metric's unit. */
  indifference: z.number(),
  indifferenceValue: z.number(),
  firstRuns: z.int(),
  maxRuns: z.int(),
  /** Null where the cap came first. */
  best: z.string().nullable(),
  policies: z.array(
    z.strictObject({
      policy: z.string(),
      /** Replications until it was out, or the choice was made. */
      runs: z.int(),
      /** Over them; null where a run has no such value. */
      mean: z.number().nullable(),
      isOut: z.boolean(),
    }),
  ),
});

/** How many runs a width asked for. */
const stopping = z.strictObject({
  /** Half an interval as a share of its estimate. */
  untilWidth: z.number(),
  firstRuns: z.int(),
  maxRuns: z.int(),
  /** False where the cap came first. */
  isReached: z.boolean(),
  /** What is known least well; `width` null where a run has no such value. */
  widest: z.strictObject({
    policy: z.string(),
    metric: z.string(),
    width: z.number().nullable(),
  }),
});

/** How `warmUp: auto` was found. */
const warmUp = z.strictObject({
  rule: z.literal("MSER-5"),
  /** Pilots of each policy, and how long they were. */
  pilots: z.int(),
  pilotSeconds: z.number(),
  /** What is cut: the warm-up. */
  cutSeconds: z.number(),
  /** False where the rule cut half of the longest pilots: they were too short to tell. */
  isSettled: z.boolean(),
  /** What took so long to settle. */
  longest: z.strictObject({ policy: z.string(), series: z.string() }),
});

export const resultSchema = z.strictObject({
  schema: z.literal("peakday/result"),
  version: z.literal(1),
  world: z.enum(["simulated", "measured"]),
  peakday: z.string(),
  scenario: z.strictObject({
    name: z.string(),
    title: z.string(),
    file: z.string(),
    digest: z.string(),
    /** Arguments of the command line that were laid over the file: `--set`, `--overlay`, … */
    arguments: z.array(z.string()),
    seed: z.number(),
    durationSeconds: z.number(),
    warmUpSeconds: z.number(),
    /** Only with `warmUp: auto`. */
    warmUp: warmUp.optional(),
    arrivals: z.string(),
    objective: z.array(
      z.strictObject({ metric: z.string(), limit: z.number(), unit: z.enum(["ms", "%"]) }),
    ),
    notes: z.array(
      z.strictObject({
        line: z.int(),
        /** Marked as such in the file; or found when its manifests were read. */
        kind: z.enum(["fact", "assumed", "not-modelled", "without-effect"]),
        text: z.string(),
      }),
    ),
  }),
  level: z.number(),
  policies: z.array(policyResult),
  comparisons: z.array(comparison),
  /** Policies that no other beats in both cost and the objective's first latency metric. */
  front: z.array(z.string()),
  claims: z.array(claim),
  canary: canary.nullable(),
  /** Only with `--until-width`. */
  stopping: stopping.optional(),
  /** Only of `peakday compare --select`. */
  selection: selection.optional(),
  /** Only of `peakday headroom`. */
  headroom: headroom.optional(),
  /** Only of `peakday sweep`. */
  sweep: sweep.optional(),
  /** Reasons to doubt the result: too few replications, work dropped, not stationary at the end. */
  warnings: z.array(z.string()),
  digest: z.string(),
});

export type Result = z.infer<typeof resultSchema>;
export type PolicyResult = z.infer<typeof policyResult>;
export type TopicCounts = z.infer<typeof topicCounts>;
export type TopicSummary = z.infer<typeof topicSummary>;
export type StationResult = z.infer<typeof stationResult>;
export type CallCounts = z.infer<typeof callCounts>;
export type ReplicationResult = z.infer<typeof replication>;
export type Estimate = z.infer<typeof estimate>;
export type LatencySummary = z.infer<typeof latency>;
export type Timeline = z.infer<typeof timeline>;
export type ServiceTimeline = z.infer<typeof serviceTimeline>;
export type Decision = z.infer<typeof decision>;
export type DelayChain = z.infer<typeof delayChain>;
export type TimeSpent = z.infer<typeof timeSpent>;
export type Comparison = z.infer<typeof comparison>;
export type PairedDifference = z.infer<typeof pairedDifference>;
export type ClaimResult = z.infer<typeof claim>;
export type CanaryResult = z.infer<typeof canary>;
export type SweepResult = z.infer<typeof sweep>;
export type StoppingResult = z.infer<typeof stopping>;
export type SelectionResult = z.infer<typeof selection>;
export type WarmUpResult = z.infer<typeof warmUp>;
export type BatchMeansResult = z.infer<typeof batchMeans>;
export type HeadroomResult = z.infer<typeof headroom>;
export type RolloutOutcome = z.infer<typeof rolloutOutcome>;
