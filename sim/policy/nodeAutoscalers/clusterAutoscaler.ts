import { type Micros, micros } from "../../kernel/time.ts";
import {
  NO_NODE_TRACE,
  type NodeAutoscalerDecision,
  type NodeAutoscalerObservation,
  type NodeAutoscalerPolicy,
  type NodeScalingTrace,
} from "../nodeAutoscaler.ts";
import type { Step } from "../policy.ts";
import { dueRemovals, type ScaleDownView, viewScaleDown } from "./clusterAutoscaler/scaleDown.ts";
import { planScaleUp } from "./clusterAutoscaler/scaleUp.ts";
import {
  type ClusterAutoscalerConfig,
  clusterAutoscalerSettings,
  validateClusterAutoscaler,
} from "./clusterAutoscaler/settings.ts";
import { takeSnapshot } from "./clusterAutoscaler/snapshot.ts";
import {
  backedOff,
  type ClusterAutoscalerState,
  openRequests,
  pick,
} from "./clusterAutoscaler/state.ts";

type NodeStep = Step<ClusterAutoscalerState, NodeAutoscalerDecision>;

/**
 * The cluster autoscaler of Kubernetes: adds nodes for pods that fit nowhere, and takes away nodes
 * that have been little used for a while and whose pods fit elsewhere. One decision a scan, in its
 * order: give up nodes that did not come, add, remove. Not modelled: balancing of similar pools,
 * cool-down of single pools, grouping of pods by owner, price and priority expanders.
 * Source: kubernetes/autoscaler, cluster-autoscaler/FAQ.md and core/static_autoscaler.go
 */
export const clusterAutoscaler: NodeAutoscalerPolicy<
  ClusterAutoscalerConfig,
  ClusterAutoscalerState
> = {
  name: "cluster-autoscaler",
  validate: validateClusterAutoscaler,
  init: (config) => ({
    settings: clusterAutoscalerSettings(config),
    requests: [],
    backoffs: {},
    lastAdd: null,
    lastRemoval: null,
    unneededSince: {},
    recheckAt: {},
  }),
  syncPeriod: ({ settings }) => settings.scanInterval,
  step(previous, observation, now) {
    const state = { ...previous, requests: openRequests(previous, observation, now) };
    const given = giveUp(state, now);
    if (given !== null) return given;
    const snapshot = takeSnapshot(observation, state.settings, now);
    const plan =
      snapshot.unhelped.length === 0 ? null : planScaleUp(state, observation, snapshot, now);
    const trace: NodeScalingTrace = {
      ...NO_NODE_TRACE,
      options: plan?.options ?? [],
      helpless: plan?.helpless ?? [],
    };
    if (plan !== null && plan.best !== null) return added(state, plan.best, trace, now);
    if (!state.settings.scaleDownEnabled) return held(state, "NothingToDo", trace);
    const view = viewScaleDown(state, observation, snapshot, now);
    return scaleDown(state, observation, { view, trace }, now);
  },
};

/** Nodes that did not register in time are given up, and their pool is left alone for a while. */
function giveUp(state: ClusterAutoscalerState, now: Micros): NodeStep | null {
  const { maxNodeProvision } = state.settings;
  const isLate = ({ time }: { readonly time: Micros }): boolean => time + maxNodeProvision < now;
  const first = state.requests.find(isLate);
  if (first === undefined) return null;
  const { pool } = first;
  const late = state.requests.filter((request) => request.pool === pool && isLate(request));
  return {
    state: {
      ...state,
      requests: state.requests.filter((request) => !late.includes(request)),
      backoffs: { ...state.backoffs, [pool]: backedOff(state, pool, now) },
    },
    decision: {
      kind: "cancel",
      pool,
      count: late.reduce((sum, { count }) => sum + count, 0),
      reason: "NodeProvisionTimeout",
      trace: NO_NODE_TRACE,
    },
  };
}

function added(
  state: ClusterAutoscalerState,
  best: { readonly pool: string; readonly count: number },
  trace: NodeScalingTrace,
  now: Micros,
): NodeStep {
  const requests = [...state.requests, { ...best, time: now }];
  return {
    state: { ...state, requests, lastAdd: now },
    decision: { kind: "add", ...best, reason: "TriggeredScaleUp", trace },
  };
}

function scaleDown(
  before: ClusterAutoscalerState,
  observation: NodeAutoscalerObservation,
  seen: { readonly view: ScaleDownView; readonly trace: NodeScalingTrace },
  now: Micros,
): NodeStep {
  const { unneededSince, recheckAt, kept } = seen.view;
  const state = { ...before, unneededSince, recheckAt };
  const trace = { ...seen.trace, unneeded: unneededSince, kept };
  if (Object.keys(unneededSince).length === 0) return held(state, "NothingToDo", trace);
  if (isCoolingDown(state, observation, now)) return held(state, "ScaleDownInCooldown", trace);
  const removals = dueRemovals(state, observation, seen.view, now);
  if (removals.length === 0) return held(state, "NothingDue", trace);
  const gone = new Set(removals.map(({ node }) => node));
  const isEmpty = removals.every(({ pods }) => pods.length === 0);
  return {
    state: {
      ...state,
      unneededSince: pick(unneededSince, (node) => !gone.has(node)),
      lastRemoval: now,
    },
    decision: {
      kind: "remove",
      removals,
      reason: isEmpty ? "ScaleDownEmpty" : "ScaleDown",
      trace,
    },
  };
}

/** A node that has just come or failed to go says that the need may not be what it seems. */
function isCoolingDown(
  { settings, lastAdd, lastRemoval }: ClusterAutoscalerState,
  { lastRemovalFailure }: NodeAutoscalerObservation,
  now: Micros,
): boolean {
  const isWithin = (time: Micros | null, delay: Micros): boolean =>
    time !== null && micros(time + delay) > now;
  return (
    isWithin(lastAdd, settings.delayAfterAdd) ||
    isWithin(lastRemovalFailure, settings.delayAfterFailure) ||
    isWithin(lastRemoval, settings.delayAfterDelete)
  );
}

/** Pods that no pool helps are the better reason, if there are any. */
const held = (
  state: ClusterAutoscalerState,
  reason: string,
  trace: NodeScalingTrace,
): NodeStep => ({
  state,
  decision: {
    kind: "hold",
    reason: trace.helpless.length > 0 ? "NotTriggerScaleUp" : reason,
    trace,
  },
});
