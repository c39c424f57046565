import { z } from "zod";

/** The input formats of the hpa group: test/conformance/hpa/README.md. Times are seconds. */
const curve = z.object({
  kind: z.enum(["step", "linear"]),
  points: z.array(z.tuple([z.number(), z.number()])).min(1),
});
export type Curve = z.infer<typeof curve>;

const controller = z.object({
  syncPeriodSeconds: z.number(),
  tolerance: z.number(),
  downscaleStabilizationSeconds: z.number(),
  cpuInitializationPeriodSeconds: z.number(),
  initialReadinessDelaySeconds: z.number(),
});

const featureGates = z.object({ HPAScaleToZero: z.boolean().optional() }).optional();

/** The spec itself is checked by the policy. */
const manifest = z.looseObject({ spec: z.looseObject({}) });

const resources = z
  .strictObject({ cpu: z.string().optional(), memory: z.string().optional() })
  .optional();

const container = z.object({
  name: z.string(),
  requests: resources,
  limits: resources,
  fixedCpuMillicores: z.number().optional(),
  fixedMemoryBytes: z.number().optional(),
});

const podModulo = z.tuple([z.number(), z.number()]);

export const trajectoryCase = z.object({
  name: z.string(),
  controller,
  featureGates,
  hpa: manifest,
  workload: z.object({
    containers: z.array(container).min(1),
    initialReplicas: z.number(),
    initialAgeSeconds: z.number(),
    pendingSeconds: z.number(),
    startupSeconds: z.number(),
    terminationSeconds: z.number(),
    notReadyCpuMillicores: z.number(),
  }),
  metrics: z.object({
    lagSeconds: z.number(),
    windowSeconds: z.number(),
    reportFrom: z.enum(["start", "ready"]),
  }),
  load: z.object({
    cpuMillicores: curve.optional(),
    memoryBaseBytes: z.number().optional(),
    memoryTotalBytes: curve.optional(),
    podsMetricsMilli: z.record(z.string(), curve).optional(),
    objectMetricsMilli: z.record(z.string(), curve).optional(),
    externalMetricsMilli: z.record(z.string(), curve).optional(),
  }),
  outages: z
    .array(
      z.object({
        from: z.number(),
        to: z.number(),
        metric: z.enum(["cpu", "memory", "resource", "external"]),
        podModulo: podModulo.optional(),
      }),
    )
    .optional(),
  readinessDips: z.array(z.object({ from: z.number(), to: z.number(), podModulo })).optional(),
  interventions: z.array(z.object({ t: z.number(), replicas: z.number() })).optional(),
  hpaUpdates: z.array(z.object({ t: z.number(), hpa: manifest })).optional(),
  numTicks: z.number(),
  ticks: z.array(
    z.strictObject({
      t: z.number(),
      current: z.number(),
      ready: z.number(),
      reporting: z.number(),
      desired: z.number(),
      write: z.number().nullable(),
      ableToScale: z.string().optional(),
      scalingActive: z.string().optional(),
      scalingLimited: z.string().optional(),
      scaledToZero: z.string().optional(),
      metrics: z.array(z.string()).optional(),
    }),
  ),
});
export type TrajectoryCase = z.infer<typeof trajectoryCase>;
export type Tick = TrajectoryCase["ticks"][number];

const quantities = z.record(z.string(), z.string());

export const calculatorCase = z.object({
  name: z.string(),
  controller,
  specReplicas: z.number(),
  statusReplicas: z.number(),
  metrics: z.array(z.looseObject({})),
  tolerances: z
    .strictObject({ scaleUp: z.string().optional(), scaleDown: z.string().optional() })
    .optional(),
  pods: z.array(
    z.object({
      name: z.string(),
      phase: z.enum(["Pending", "Running", "Succeeded", "Failed", "Unknown"]),
      deleting: z.boolean().optional(),
      ready: z.boolean().nullable().optional(),
      startTime: z.number().nullable().optional(),
      readyTransitionTime: z.number().nullable().optional(),
      containers: z.array(z.object({ name: z.string(), requests: quantities.optional() })),
      sample: z
        .strictObject({
          timestamp: z.number(),
          windowSeconds: z.number(),
          containers: z.record(z.string(), quantities),
        })
        .nullable()
        .optional(),
      custom: quantities.optional(),
    }),
  ),
  objectMetrics: quantities.optional(),
  externalMetrics: z.record(z.string(), z.array(z.string())).optional(),
  expect: z.object({
    replicas: z.number().optional(),
    metrics: z.array(z.string()).optional(),
    error: z.string().optional(),
    message: z.string().optional(),
  }),
});
export type CalculatorCase = z.infer<typeof calculatorCase>;

export const admissionCase = z.object({
  name: z.string(),
  featureGates,
  hpa: manifest,
  valid: z.boolean(),
  errors: z.array(z.string()).optional(),
  defaultedSpec: z.looseObject({}).optional(),
});
