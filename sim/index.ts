/**
 * The library: what a policy of one's own is written against. Everything here keeps to semantic
 * versioning; everything else is internal.
 */
export type { Json } from "./kernel/json.ts";
export type { Draw } from "./kernel/keyedDraws.ts";
export type { Micros } from "./kernel/time.ts";
export { micros, millis, minutes, seconds, toMillis, toSeconds } from "./kernel/time.ts";
export type {
  AutoscalerDecision,
  AutoscalerObservation,
  AutoscalerPolicy,
  ContainerRequests,
  PodMetricsSample,
  PodMetricValue,
  PodObservation,
  PodPhase,
  ScalingTrace,
} from "./policy/autoscaler.ts";
export { NO_TRACE } from "./policy/autoscaler.ts";
export type { ConfigProblem, Policy, Step } from "./policy/policy.ts";
export type {
  Admission,
  AdmissionPolicy,
  AdmissionRequest,
  BreakerPhase,
  CallResult,
  CircuitBreaker,
} from "./policy/resilience/admission.ts";
export type {
  RevisionObservation,
  RolloutDecision,
  RolloutObservation,
  RolloutPolicy,
  RouteRule,
} from "./policy/rollout.ts";
