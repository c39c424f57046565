import type { Micros } from "../../../kernel/time.ts";
import { MAX_INT32, toInt32 } from "./int64.ts";
import type { ScaleEvent, ScalingPolicy, ScalingRules } from "./state.ts";

export interface RateInput {
  readonly currentReplicas: number;
  readonly events: { readonly up: readonly ScaleEvent[]; readonly down: readonly ScaleEvent[] };
  readonly rules: ScalingRules;
  readonly now: Micros;
}

/**
 * The most replicas that the scale-up rules allow now. Each policy starts from the count at the
 * beginning of its period. The percentage is taken in doubles and rounded up: 50 at 10 % is 56,
 * since 50 × 1.1 is a little over 55.
 */
export function scaleUpLimit(input: RateInput): number {
  const { rules, currentReplicas } = input;
  if (rules.selectPolicy === "Disabled") return currentReplicas;
  const limits = rules.policies.map((policy) => {
    const base = periodStart(policy, input);
    const { type, value } = policy;
    return type === "Pods" ? base + value : toInt32(Math.ceil(base * (1 + value / 100)));
  });
  // The API allows no empty list. The largest starts from 0, the smallest from the first.
  return rules.selectPolicy === "Min" ? least(limits) : Math.max(0, ...limits);
}

/** The fewest replicas that the scale-down rules allow now; percentages are truncated. */
export function scaleDownLimit(input: RateInput): number {
  const { rules, currentReplicas } = input;
  if (rules.selectPolicy === "Disabled") return currentReplicas;
  const limits = rules.policies.map((policy) => {
    const base = periodStart(policy, input);
    const { type, value } = policy;
    return type === "Pods" ? base - value : toInt32(Math.trunc(base * (1 - value / 100)));
  });
  // "Min" is the smallest change, which leaves the most replicas.
  return rules.selectPolicy === "Min" ? Math.max(...limits) : least(limits);
}

const least = (limits: readonly number[]): number => Math.min(MAX_INT32, ...limits);

/** Replicas at the start of a policy's period: changes of both directions since then are undone. */
function periodStart(
  { period }: ScalingPolicy,
  { currentReplicas, events, now }: RateInput,
): number {
  const changeSince = (list: readonly ScaleEvent[]): number =>
    list.reduce((sum, { change, time }) => (time > now - period ? sum + change : sum), 0);
  return currentReplicas - changeSince(events.up) + changeSince(events.down);
}

/**
 * The events of one direction after another change. Events older than that direction's own longest
 * period give up their slot, even if a longer policy of the other direction would still have
 * counted them.
 */
export function withScaleEvent(
  events: readonly ScaleEvent[],
  rules: ScalingRules,
  { change, now }: { readonly change: number; readonly now: Micros },
): readonly ScaleEvent[] {
  const longest = rules.policies.reduce((most, { period }) => Math.max(most, period), 0);
  const aged = events.map((event) =>
    event.time < now - longest ? { ...event, outdated: true } : event,
  );
  const reusable = aged.findLastIndex(({ outdated }) => outdated);
  const event = { change, time: now, outdated: false };
  return reusable < 0 ? [...aged, event] : aged.with(reusable, event);
}
