import { present } from "../../../sim/kernel/assert.ts";
import type { Json } from "../../../sim/kernel/json.ts";
import { seconds, ZERO } from "../../../sim/kernel/time.ts";
import type { AutoscalerObservation } from "../../../sim/policy/autoscaler.ts";
import { admitHpaSpec, fieldErrorText } from "../../../sim/policy/autoscalers/hpa/admission.ts";
import { defaultHpaSpec, storedForm } from "../../../sim/policy/autoscalers/hpa/defaults.ts";
import { hpa } from "../../../sim/policy/autoscalers/hpa/hpa.ts";
import { recommendReplicas } from "../../../sim/policy/autoscalers/hpa/replicaCalculator.ts";
import { hpaSpecSchema } from "../../../sim/policy/autoscalers/hpa/schema.ts";
import type {
  Condition,
  HpaState,
  MetricStatus,
} from "../../../sim/policy/autoscalers/hpa/state.ts";
import {
  compileFlags,
  compileSpec,
  tolerancesOf,
  withSpec,
} from "../../../sim/policy/autoscalers/hpa/state.ts";
import {
  parseBytes,
  parseMillicores,
  parseQuantity,
  toMilli,
} from "../../../sim/workload/quantity.ts";
import type { GroupRunner } from "./group.ts";
import { difference, evaluated } from "./group.ts";
import type { CalculatorCase, Tick, TrajectoryCase } from "./hpaFormats.ts";
import { admissionCase, calculatorCase, trajectoryCase } from "./hpaFormats.ts";
import { HpaModel } from "./hpaModel.ts";

/** Recorded decisions of the HorizontalPodAutoscaler controller: test/conformance/hpa/README.md. */
export const hpaGroup: GroupRunner = ({ content: { format }, cases }) => {
  const differencesOf = FORMATS[String(format)];
  return cases.map((testCase, index) =>
    evaluated(testCase, index, differencesOf ?? unknownFormat(String(format))),
  );
};

const FORMATS: Readonly<Record<string, (testCase: Json) => readonly string[]>> = {
  "hpa-trajectories/1": (testCase) => trajectoryDifferences(trajectoryCase.parse(testCase)),
  "hpa-replica-calculator/1": (testCase) => calculatorDifferences(calculatorCase.parse(testCase)),
  "hpa-admission/1": admissionDifferences,
};

const unknownFormat = (format: string) => () => [
  `format ${format} is none of ${Object.keys(FORMATS).join(", ")}`,
];

/**
 * Runs the closed loop and compares tick by tick; after the first tick that differs the rest means
 * nothing.
 */
function trajectoryDifferences(testCase: TrajectoryCase): readonly string[] {
  const { controller, featureGates, numTicks, ticks } = testCase;
  if (ticks.length !== numTicks) return [`${numTicks} ticks announced, ${ticks.length} recorded`];
  const model = new HpaModel(testCase);
  const changes = changesOf(testCase);
  let state = hpa.init({
    spec: hpaSpecSchema.parse(testCase.hpa.spec),
    controller: { ...controller, ...(featureGates && { featureGates }) },
  });
  for (const expected of ticks) {
    const { t } = expected;
    while (changes[0] !== undefined && changes[0].t < t) {
      const change = present(changes.shift(), "change");
      if (change.replicas !== null) model.scale(change.replicas, change.t);
      if (change.spec !== null) state = withSpec(state, change.spec);
    }
    const observation = model.observe(t);
    const ready = model.serving(t);
    const { state: next, decision } = hpa.step(state, observation, seconds(t), noDraw);
    state = next;
    const write = decision.kind === "scale" ? decision.replicas : null;
    if (write !== null) model.scale(write, t);
    const computed = tickRecord(state, { t, observation, ready, write });
    const differing = fieldDifferences(expected, computed);
    if (differing.length > 0) return differing.map((text) => `tick t=${t}: ${text}`);
  }
  return [];
}

/** A policy of this group draws no random numbers. */
const noDraw = (): never => {
  throw new Error("the autoscaler drew a random number");
};

/** Interventions and updates in order of time; at equal times as listed. */
function changesOf({ interventions, hpaUpdates }: TrajectoryCase) {
  return [
    ...(interventions ?? []).map(({ t, replicas }) => ({ t, replicas, spec: null })),
    ...(hpaUpdates ?? []).map(({ t, hpa: { spec } }) => ({
      t,
      replicas: null,
      spec: hpaSpecSchema.parse(spec),
    })),
  ].sort((a, b) => a.t - b.t);
}

function tickRecord(
  { status }: HpaState,
  tick: {
    readonly t: number;
    readonly observation: AutoscalerObservation;
    readonly ready: number;
    readonly write: number | null;
  },
): Tick {
  const { conditions, currentMetrics } = status;
  return {
    t: tick.t,
    current: tick.observation.specReplicas,
    ready: tick.ready,
    reporting: tick.observation.resourceMetrics?.length ?? 0,
    desired: status.desiredReplicas,
    write: tick.write,
    ableToScale: conditionText(conditions.ableToScale),
    scalingActive: conditionText(conditions.scalingActive),
    scalingLimited: conditionText(conditions.scalingLimited),
    scaledToZero: conditionText(conditions.scaledToZero),
    metrics: currentMetrics?.length ? currentMetrics.map(metricText) : undefined,
  };
}

const conditionText = (condition: Condition | null): string | undefined =>
  condition === null ? undefined : `${condition.status}/${condition.reason}`;

function metricText(status: MetricStatus | null): string {
  if (status === null) return "-";
  const { utilizationPercent, averageMilli, valueMilli } = status;
  if (utilizationPercent !== null) return `${utilizationPercent}%/${averageMilli}`;
  if (averageMilli !== null) return String(averageMilli);
  return valueMilli === null ? "?" : `=${valueMilli}`;
}

function fieldDifferences(expected: Tick, computed: Tick): string[] {
  const fields = new Map(Object.entries(computed));
  const wanted = new Map(Object.entries(expected));
  return [...new Set([...fields.keys(), ...wanted.keys()])].flatMap((field) =>
    difference(field, wanted.get(field), fields.get(field)),
  );
}

function calculatorDifferences(testCase: CalculatorCase): readonly string[] {
  const { expect: expected, tolerances } = testCase;
  const written = hpaSpecSchema.parse({
    maxReplicas: 1,
    metrics: testCase.metrics,
    ...(tolerances && {
      behavior: {
        scaleUp: { tolerance: tolerances.scaleUp },
        scaleDown: { tolerance: tolerances.scaleDown },
      },
    }),
  });
  const spec = compileSpec(written);
  const controller = compileFlags(testCase.controller);
  const { replicas, statuses, failure } = recommendReplicas(spec.metrics, {
    observation: calculatorObservation(testCase),
    now: ZERO,
    controller,
    tolerances: tolerancesOf({ spec, controller }),
  });
  return [
    ...difference("replicas", expected.replicas, replicas ?? undefined),
    ...difference("error", expected.error, replicas === null ? failure?.reason : undefined),
    ...(expected.metrics === undefined
      ? []
      : difference("metrics", expected.metrics, statuses.map(metricText))),
  ];
}

function calculatorObservation(testCase: CalculatorCase): AutoscalerObservation {
  const { pods, objectMetrics, externalMetrics } = testCase;
  const custom = new Set(pods.flatMap((pod) => Object.keys(pod.custom ?? {})));
  return {
    specReplicas: testCase.specReplicas,
    statusReplicas: testCase.statusReplicas,
    pods: pods.map((pod) => ({
      name: pod.name,
      phase: pod.phase,
      deleted: pod.deleting ?? false,
      startTime: pod.startTime == null ? null : seconds(pod.startTime),
      ready:
        pod.ready == null
          ? null
          : { status: pod.ready, lastTransition: seconds(pod.readyTransitionTime ?? 0) },
      containers: pod.containers.map(({ name, requests }) => ({ name, ...usage(requests ?? {}) })),
    })),
    resourceMetrics: pods.flatMap(({ name, sample }) =>
      sample == null
        ? []
        : [
            {
              pod: name,
              timestamp: seconds(sample.timestamp),
              window: seconds(sample.windowSeconds),
              containers: Object.entries(sample.containers).map(([container, values]) => ({
                name: container,
                ...usage(values),
              })),
            },
          ],
    ),
    podsMetrics: Object.fromEntries(
      [...custom].map((metric) => [metric, customValues(pods, metric)]),
    ),
    objectMetrics: Object.fromEntries(
      Object.entries(objectMetrics ?? {}).map(([name, value]) => [name, milliOf(value)]),
    ),
    externalMetrics: Object.fromEntries(
      Object.entries(externalMetrics ?? {}).map(([name, series]) => [name, series.map(milliOf)]),
    ),
  };
}

function customValues(pods: CalculatorCase["pods"], metric: string) {
  return pods.flatMap(({ name, custom, sample }) => {
    const value = custom?.[metric];
    if (value === undefined) return [];
    const timestamp = seconds(sample?.timestamp ?? 0);
    return [{ pod: name, timestamp, window: seconds(60), valueMilli: milliOf(value) }];
  });
}

const usage = ({ cpu, memory }: Readonly<Record<string, string>>) => ({
  cpuMillicores: cpu === undefined ? null : parseMillicores(cpu),
  memoryBytes: memory === undefined ? null : parseBytes(memory),
});

const milliOf = (text: string): number =>
  toMilli(present(parseQuantity(text), `quantity in ${text}`));

function admissionDifferences(testCase: Json): readonly string[] {
  const {
    hpa: manifest,
    featureGates,
    valid,
    errors,
    defaultedSpec,
  } = admissionCase.parse(testCase);
  const spec = defaultHpaSpec(hpaSpecSchema.parse(manifest.spec));
  const gates = { scaleToZero: featureGates?.HPAScaleToZero ?? false };
  const found = [...new Set(admitHpaSpec(spec, gates).map(fieldErrorText))].sort();
  return [
    ...difference("valid", valid, found.length === 0),
    ...difference("errors", [...(errors ?? [])].sort(), found),
    ...(valid ? difference("defaultedSpec", defaultedSpec, storedForm(spec)) : []),
  ];
}
