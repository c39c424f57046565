import type { KeyedDraws } from "../../kernel/keyedDraws.ts";
import type { PlannedBackoff } from "../callplan/plan.ts";

const BACKOFF_SITE = 0x55000000;

/** The pause before retry number `retry` (1 for the first) of a call, in microseconds. */
export function pauseBefore(
  backoff: PlannedBackoff,
  call: {
    readonly retry: number;
    /** The pause before; 0 before the first. */
    readonly previous: number;
    readonly request: number;
    readonly key: number;
    readonly draws: KeyedDraws;
  },
): number {
  const { retry, previous, request, draws } = call;
  const key = call.key ^ BACKOFF_SITE;
  if (backoff.kind === "drawn") return backoff.time.sample(draws, request, key, retry);
  const { base, factor, max, jitter } = backoff;
  if (jitter === "decorrelated") {
    const span = 3 * Math.max(base, previous) - base;
    return Math.min(base + draws.uniform(request, key, retry) * span, max);
  }
  let pause: number = base;
  for (let i = 1; i < retry && pause < max; i++) pause *= factor;
  pause = Math.min(pause, max);
  if (jitter === 0) return pause;
  const draw = draws.uniform(request, key, retry);
  return jitter === "full" ? pause * draw : pause * (1 + jitter * (2 * draw - 1));
}
