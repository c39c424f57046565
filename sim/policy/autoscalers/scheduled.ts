import { z } from "zod";
import { present } from "../../kernel/assert.ts";
import type { Json } from "../../kernel/json.ts";
import type { Draw } from "../../kernel/keyedDraws.ts";
import { type Micros, seconds } from "../../kernel/time.ts";
import type { AutoscalerDecision, AutoscalerObservation, AutoscalerPolicy } from "../autoscaler.ts";
import type { ConfigProblem, Step } from "../policy.ts";
import type { BoundedAutoscaler, ReplicaBounds } from "./bounds.ts";
import { problemsOf } from "./problems.ts";
import {
  actionNumber,
  boundsAfter,
  compileSchedule,
  DAY,
  parseTime,
  type ScheduledAction,
  scheduledActionSchema,
} from "./schedule.ts";

/**
 * Scheduled scaling as AWS Auto Scaling does it: at its time an action sets the count, the minimum
 * or the maximum, and between actions nothing changes. Around another autoscaler (`autoscaler:
 * {hpa: …}`) the actions change that one's bounds, as somebody who raises `minReplicas` before the
 * peak does; it decides the rest.
 * Source:
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html
 */
const scheduledConfigSchema = z.strictObject({
  schedule: z.array(scheduledActionSchema).min(1),
  /** The same actions again every 24 h. */
  repeatDaily: z.boolean().optional(),
  /** Bounds before the first action. Default: the wrapped autoscaler's, else 0. */
  minReplicas: z.int32().nonnegative().optional(),
  /** Default: the wrapped autoscaler's; without one it must be given. */
  maxReplicas: z.int32().positive().optional(),
  syncPeriodSeconds: z.number().positive().optional(),
  /** One autoscaler by name, with its configuration. */
  autoscaler: z.record(z.string(), z.unknown()).optional(),
});

export type ScheduledConfig = z.infer<typeof scheduledConfigSchema>;

export type ScheduledState = {
  readonly schedule: readonly ScheduledAction[];
  readonly repeatDaily: boolean;
  /** Actions that have been carried out so far, over all days. */
  readonly done: number;
  readonly bounds: ReplicaBoundsState;
  /** Null: with the wrapped autoscaler's period. */
  readonly syncPeriod: Micros | null;
  readonly inner: { readonly policy: string; readonly state: Json } | null;
};

/** `ReplicaBounds` as plain JSON. */
type ReplicaBoundsState = { readonly minReplicas: number; readonly maxReplicas: number };

type ScheduledStep = Step<ScheduledState, AutoscalerDecision>;
type InnerPolicies = Readonly<Record<string, BoundedAutoscaler>>;

const DEFAULT_SYNC_PERIOD = seconds(15);

/** The scheduled autoscaler, able to wrap the given ones. */
export function createScheduled(
  policies: InnerPolicies,
): AutoscalerPolicy<ScheduledConfig, ScheduledState> {
  return {
    name: "scheduled",
    validate: (config) => validate(config, policies),
    init: (config) => init(config, policies),
    syncPeriod({ syncPeriod, inner }) {
      if (syncPeriod !== null || inner === null) return syncPeriod ?? DEFAULT_SYNC_PERIOD;
      return present(policies[inner.policy], inner.policy).syncPeriod(inner.state);
    },
    step(before, observation, now, draw) {
      const { state, replicas, action } = carryOut(before, now);
      if (state.inner === null || replicas !== null) {
        return settle(state, observation, { replicas, action });
      }
      const inner = present(policies[state.inner.policy], state.inner.policy);
      return stepInner({ state, inner, innerState: state.inner.state, observation, now, draw });
    },
  };
}

/** Actions that are due by now, those that a long sync period skipped included. */
function carryOut(
  before: ScheduledState,
  now: Micros,
): {
  readonly state: ScheduledState;
  readonly replicas: number | null;
  readonly action: ScheduledAction | null;
} {
  let { done, bounds } = before;
  let replicas: number | null = null;
  let last: ScheduledAction | null = null;
  for (;;) {
    const action = actionNumber(before.schedule, before.repeatDaily, done);
    if (action === null || action.at > now) break;
    bounds = boundsAfter(bounds, action);
    replicas = action.replicas ?? replicas;
    last = action;
    done += 1;
  }
  return { state: last === null ? before : { ...before, done, bounds }, replicas, action: last };
}

/** The count that an action named, or the present one, within bounds. */
function settle(
  state: ScheduledState,
  { specReplicas }: AutoscalerObservation,
  due: { readonly replicas: number | null; readonly action: ScheduledAction | null },
): ScheduledStep {
  const wanted = due.replicas ?? specReplicas;
  const { minReplicas, maxReplicas } = state.bounds;
  const replicas = Math.min(Math.max(wanted, minReplicas), maxReplicas);
  const trace = {
    metric: due.action === null ? null : `schedule at ${due.action.at / 1_000_000} s`,
    rawReplicas: wanted,
    stabilizedReplicas: wanted,
  };
  if (replicas === specReplicas) {
    return { state, decision: { kind: "hold", reason: "Scheduled", trace } };
  }
  const limit = wanted < minReplicas ? "TooFewReplicas" : "TooManyReplicas";
  const reason = due.action === null ? limit : "ScheduledAction";
  return { state, decision: { kind: "scale", replicas, reason, trace } };
}

function stepInner({
  state,
  inner,
  innerState,
  observation,
  now,
  draw,
}: {
  readonly state: ScheduledState;
  readonly inner: BoundedAutoscaler;
  readonly innerState: Json;
  readonly observation: AutoscalerObservation;
  readonly now: Micros;
  readonly draw: Draw;
}): ScheduledStep {
  const bounded = inner.withBounds(innerState, state.bounds);
  const { state: next, decision } = inner.step(bounded, observation, now, draw);
  return { state: { ...state, inner: { policy: inner.name, state: next } }, decision };
}

function init(config: ScheduledConfig, policies: InnerPolicies): ScheduledState {
  const [name, innerConfig] = Object.entries(config.autoscaler ?? {})[0] ?? [];
  const policy = name === undefined ? undefined : present(policies[name], `autoscaler ${name}`);
  const innerState = policy?.init(innerConfig);
  const innerBounds =
    policy === undefined || innerState === undefined ? null : policy.boundsOf(innerState);
  return {
    schedule: compileSchedule(config.schedule),
    repeatDaily: config.repeatDaily ?? false,
    done: 0,
    bounds: {
      minReplicas: config.minReplicas ?? innerBounds?.minReplicas ?? 0,
      maxReplicas: present(config.maxReplicas ?? innerBounds?.maxReplicas, "maxReplicas"),
    },
    syncPeriod: config.syncPeriodSeconds === undefined ? null : seconds(config.syncPeriodSeconds),
    inner:
      name === undefined || innerState === undefined ? null : { policy: name, state: innerState },
  };
}

function validate(config: unknown, policies: InnerPolicies): readonly ConfigProblem[] {
  const shape = problemsOf(scheduledConfigSchema, config);
  const parsed = scheduledConfigSchema.safeParse(config);
  if (!parsed.success) return shape;
  const inner = innerProblems(parsed.data, policies);
  if (inner.length > 0) return [...inner, ...timeProblems(parsed.data)];
  return [...timeProblems(parsed.data), ...boundProblems(parsed.data, policies)];
}

function innerProblems(
  { autoscaler }: ScheduledConfig,
  policies: InnerPolicies,
): readonly ConfigProblem[] {
  if (autoscaler === undefined) return [];
  const entries = Object.entries(autoscaler);
  const [first] = entries;
  const path = ["autoscaler"];
  const expected = `one autoscaler of ${Object.keys(policies).join(", ")}`;
  if (first === undefined || entries.length > 1) {
    return [{ path, expected, received: Object.keys(autoscaler).join(", ") || "none" }];
  }
  const [name, config] = first;
  const policy = Object.hasOwn(policies, name) ? policies[name] : undefined;
  if (policy === undefined) return [{ path, expected, received: name }];
  return policy
    .validate(config)
    .map((problem) => ({ ...problem, path: [...path, name, ...problem.path] }));
}

/** A schedule that repeats daily has to fit into a day. */
function timeProblems({ schedule, repeatDaily }: ScheduledConfig): readonly ConfigProblem[] {
  if (repeatDaily !== true) return [];
  return schedule.flatMap(({ at }, index) =>
    parseTime(at) < DAY
      ? []
      : [
          {
            path: ["schedule", index, "at"],
            expected: "a time within a day, since the schedule repeats daily",
            received: at,
          },
        ],
  );
}

/** Bounds that cross after an action, and counts outside of the bounds that hold at their time. */
function boundProblems(config: ScheduledConfig, policies: InnerPolicies): readonly ConfigProblem[] {
  if (config.maxReplicas === undefined && config.autoscaler === undefined) {
    const expected = "a whole number, since there is no autoscaler that has one";
    return [{ path: ["maxReplicas"], expected, received: "nothing" }];
  }
  let { bounds } = init(config, policies);
  const problems: ConfigProblem[] = [];
  const check = (path: ConfigProblem["path"], { minReplicas, maxReplicas }: ReplicaBounds) => {
    if (minReplicas <= maxReplicas) return;
    const received = `minReplicas ${minReplicas} above maxReplicas ${maxReplicas}`;
    problems.push({ path, expected: "minReplicas up to maxReplicas", received });
  };
  check(["minReplicas"], bounds);
  const inOrder = config.schedule
    .map((action, index) => ({ index, at: parseTime(action.at), action }))
    .sort((a, b) => a.at - b.at);
  for (const { index, action } of inOrder) {
    const [compiled] = compileSchedule([action]);
    bounds = boundsAfter(bounds, present(compiled, "action"));
    check(["schedule", index], bounds);
    const { minReplicas, maxReplicas } = bounds;
    const { replicas } = action;
    if (replicas !== undefined && (replicas < minReplicas || replicas > maxReplicas)) {
      const expected = `${minReplicas} to ${maxReplicas}, the bounds at that time`;
      problems.push({ path: ["schedule", index, "replicas"], expected, received: `${replicas}` });
    }
  }
  return problems;
}
