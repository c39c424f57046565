import { z } from "zod";

/** The input of `deployment-*.json`: test/conformance/rollout/README.md. Times are seconds. */
const intOrPercent = z.union([z.number(), z.string()]);

const strategy = z.strictObject({
  type: z.enum(["RollingUpdate", "Recreate"]).optional(),
  rollingUpdate: z
    .strictObject({ maxSurge: intOrPercent.optional(), maxUnavailable: intOrPercent.optional() })
    .optional(),
});

const podLife = z.strictObject({
  pendingSeconds: z.number().min(1),
  startupSeconds: z.number(),
  terminationSeconds: z.number(),
  startupSpread: z.tuple([z.number(), z.number()]).optional(),
  neverReady: z.boolean().optional(),
  neverReadyModulo: z.tuple([z.number(), z.number()]).optional(),
});
export type PodLife = z.infer<typeof podLife>;

const change = z.strictObject({
  t: z.number(),
  image: z.string().optional(),
  replicas: z.number().optional(),
  paused: z.boolean().optional(),
  strategy: strategy.optional(),
});
export type Change = z.infer<typeof change>;

const podEvent = z.strictObject({
  t: z.number(),
  pod: z.number(),
  kind: z.enum(["kill", "fail", "crash"]),
  downSeconds: z.number().optional(),
});
export type PodEvent = z.infer<typeof podEvent>;

const row = z.strictObject({
  t: z.number(),
  rs: z.array(z.array(z.number()).nullable()),
  status: z.array(z.number()),
  progressing: z.string().optional(),
  available: z.string().optional(),
  revision: z.string(),
  scales: z.array(z.tuple([z.number(), z.number()])).optional(),
  created: z.array(z.tuple([z.number(), z.number()])).optional(),
  deleted: z.array(z.number()).optional(),
});
export type Row = z.infer<typeof row>;

export const deploymentCase = z.strictObject({
  name: z.string(),
  deployment: z.strictObject({
    replicas: z.number(),
    paused: z.boolean().optional(),
    strategy: strategy.optional(),
    minReadySeconds: z.number().optional(),
    progressDeadlineSeconds: z.number().optional(),
    revisionHistoryLimit: z.number().optional(),
  }),
  pods: podLife,
  podsByImage: z.record(z.string(), podLife).optional(),
  changes: z.array(change).optional(),
  podEvents: z.array(podEvent).optional(),
  seconds: z.number(),
  /** The order of controllers that is played here is the one that these were recorded with. */
  orderSensitive: z.boolean().optional(),
  rows: z.array(row),
});
export type DeploymentCase = z.infer<typeof deploymentCase>;
