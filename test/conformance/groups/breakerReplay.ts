import type { Json } from "../../../sim/kernel/json.ts";
import type { Micros } from "../../../sim/kernel/time.ts";
import { micros } from "../../../sim/kernel/time.ts";
import type {
  Admission,
  AdmissionRequest,
  BreakerPhase,
  CircuitBreaker,
} from "../../../sim/policy/resilience/admission.ts";

/** A call of a table; `duration` is the time to its result, should it be permitted. */
export interface ReplayedCall {
  readonly begin: Micros;
  readonly duration: Micros;
  readonly outcome: "success" | "failure";
}

export interface Transition {
  readonly t: Micros;
  readonly from: BreakerPhase;
  readonly to: BreakerPhase;
}

export interface ReplayEvent {
  readonly kind: "begin" | "end";
  readonly t: Micros;
  readonly call: number;
  /** Of this call, whether it has begun or ended. */
  readonly permitted: boolean;
}

const REQUEST: AdmissionRequest = { key: "", cost: 1, priority: 0, draw: 0 };

/**
 * Plays calls against a breaker: ends first, then timers, then begins at one instant; ends in the
 * order of the calls. `seen` hears of every event after the breaker has handled it; timers run on
 * until `end`.
 */
export function replay<Config, State extends Json>(
  breaker: CircuitBreaker<Config, State>,
  config: Config,
  calls: readonly ReplayedCall[],
  seen: (event: ReplayEvent, state: State) => void,
  end = 0,
): readonly Transition[] {
  const problems = breaker.validate(config);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  const state = breaker.init(config, micros(0));
  const transitions: Transition[] = [];
  const watched = <T>(t: Micros, act: () => T): T => {
    const from = breaker.phase(state);
    const result = act();
    const to = breaker.phase(state);
    if (from !== to) transitions.push({ t, from, to });
    return result;
  };
  const runTimers = (until: number): void => {
    for (let t = breaker.nextTimer(state); t !== null && t <= until; ) {
      const due = t;
      watched(due, () => breaker.onTimer(state, due));
      t = breaker.nextTimer(state);
    }
  };
  const pending: { call: number; t: Micros; duration: Micros; admission: Admission }[] = [];
  const runEnds = (until: number): void => {
    for (;;) {
      pending.sort((a, b) => a.t - b.t || a.call - b.call);
      const next = pending[0];
      if (next === undefined || next.t > until) break;
      pending.shift();
      runTimers(next.t - 1);
      const { call, t, duration, admission } = next;
      const { outcome } = calls[call]!;
      const result = { outcome, duration, ticket: admission.ticket };
      watched(t, () => breaker.onResult(state, result, t));
      seen({ kind: "end", t, call, permitted: true }, state);
    }
  };
  for (const [call, { begin, duration }] of calls.entries()) {
    runEnds(begin);
    runTimers(begin);
    const admission = watched(begin, () => breaker.tryAcquire(state, REQUEST, begin));
    const { permitted } = admission;
    seen({ kind: "begin", t: begin, call, permitted }, state);
    if (permitted) pending.push({ call, t: micros(begin + duration), duration, admission });
  }
  runEnds(Number.POSITIVE_INFINITY);
  runTimers(end);
  return transitions;
}
