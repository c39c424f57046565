import { type Micros, micros } from "../../../kernel/time.ts";
import { problemsOf } from "../../autoscalers/problems.ts";
import type { ConfigProblem } from "../../policy.ts";
import { type RateOutlier, rateOutliers } from "./rates.ts";
import {
  type OutlierDetectionConfig,
  type OutlierSettings,
  outlierDetectionSchema,
  outlierSettings,
} from "./settings.ts";

type HostState = {
  ejected: boolean;
  multiplier: number;
  /** Of the latest ejection, or of the return after it. */
  since: Micros;
  in5xxRow: number;
  inGatewayRow: number;
  /** Since the latest sweep. */
  requests: number;
  successes: number;
};

export type OutlierDetectionState = {
  readonly settings: OutlierSettings;
  /** By the caller's numbers; null where there is no host. */
  readonly hosts: (HostState | null)[];
  hostCount: number;
  ejectedCount: number;
  nextSweep: Micros;
};

type EjectionReason = "Consecutive5xx" | "ConsecutiveGatewayFailure" | RateOutlier["reason"];

export type OutlierEvent =
  | {
      readonly kind: "eject";
      readonly host: number;
      readonly t: Micros;
      readonly reason: EjectionReason;
      readonly multiplier: number;
      /** It lasts so long at least. */
      readonly ejectionTime: Micros;
      /** Hosts that are ejected now. */
      readonly ejectedNow: number;
    }
  /** A host that would be ejected, were it not for the limit. */
  | {
      readonly kind: "overflow";
      readonly host: number;
      readonly t: Micros;
      readonly reason: EjectionReason;
    }
  | { readonly kind: "uneject"; readonly host: number; readonly t: Micros };

const NOTHING: readonly OutlierEvent[] = [];

/**
 * Envoy's passive health check, one for each cluster: hosts that answer with failures in a row are
 * ejected at once from load balancing, and returned by a sweep; a sweep also ejects those with much
 * less success than the others. State changes in place, as that of
 * an admission policy. Hosts are small whole numbers of the caller's. Connect failures and
 * timeouts come as the codes that Envoy makes of them, 503 and 504.
 * Source: Envoy, api-v3/config/cluster/v3/outlier_detection.proto and intro/arch_overview/
 * upstream/outlier; source/common/upstream/outlier_detection_impl.cc.
 */
export const outlierDetection = {
  name: "outlier-detection",

  validate: (config: unknown): readonly ConfigProblem[] =>
    problemsOf(outlierDetectionSchema, config),

  init(config: OutlierDetectionConfig, now: Micros): OutlierDetectionState {
    const settings = outlierSettings(config);
    const nextSweep = micros(now + settings.interval);
    return { settings, hosts: [], hostCount: 0, ejectedCount: 0, nextSweep };
  },

  /** A new host, in place of one that had its number. */
  addHost(state: OutlierDetectionState, host: number): void {
    const { hosts } = state;
    while (hosts.length <= host) hosts.push(null);
    this.removeHost(state, host);
    state.hostCount++;
    hosts[host] = {
      ejected: false,
      multiplier: 0,
      since: micros(0),
      in5xxRow: 0,
      inGatewayRow: 0,
      requests: 0,
      successes: 0,
    };
  },

  removeHost(state: OutlierDetectionState, host: number): void {
    const known = state.hosts[host] ?? null;
    if (known === null) return;
    if (known.ejected) state.ejectedCount--;
    state.hosts[host] = null;
    state.hostCount--;
  },

  isEjected: (state: OutlierDetectionState, host: number): boolean =>
    state.hosts[host]?.ejected ?? false,

  /** Takes note of a response; what happens, sweeps that are due before it included. */
  onResponse(
    state: OutlierDetectionState,
    { host, code }: { readonly host: number; readonly code: number },
    now: Micros,
  ): readonly OutlierEvent[] {
    const swept = now < state.nextSweep ? NOTHING : this.onTimer(state, now);
    const known = state.hosts[host] ?? null;
    if (known === null) return swept;
    known.requests++;
    if (code < 500 || code > 599) {
      known.successes++;
      known.in5xxRow = 0;
      known.inGatewayRow = 0;
      return swept;
    }
    // Late responses of an ejected host change nothing: its runs start anew when it returns.
    if (known.ejected) return swept;
    const event = onServerError(state, { host, known, code, now });
    return event === null ? swept : [...swept, event];
  },

  /** The next sweep that may change which hosts are in use; null while none can. */
  nextTimer: (state: OutlierDetectionState): Micros | null =>
    state.ejectedCount > 0 || judgesRates(state) ? state.nextSweep : null,

  /** Runs every sweep up to now, before the responses of its instant. */
  onTimer(state: OutlierDetectionState, now: Micros): readonly OutlierEvent[] {
    const events: OutlierEvent[] = [];
    while (state.nextSweep <= now) {
      sweep(state, state.nextSweep, events);
      state.nextSweep = micros(state.nextSweep + state.settings.interval);
    }
    return events;
  },
} as const;

/** Whether there are hosts enough for a rule that compares rates. */
function judgesRates({ hostCount, settings }: OutlierDetectionState): boolean {
  const { successRate, failurePercentage } = settings;
  return (
    (successRate !== null && hostCount >= successRate.minimumHosts) ||
    (failurePercentage !== null && hostCount >= failurePercentage.minimumHosts)
  );
}

function onServerError(
  state: OutlierDetectionState,
  {
    host,
    known,
    code,
    now,
  }: {
    readonly host: number;
    readonly known: HostState;
    readonly code: number;
    readonly now: Micros;
  },
): OutlierEvent | null {
  const { consecutive5xx, consecutiveGatewayFailure } = state.settings;
  known.in5xxRow++;
  known.inGatewayRow = code >= 502 && code <= 504 ? known.inGatewayRow + 1 : 0;
  const isGatewayRow = known.inGatewayRow === consecutiveGatewayFailure;
  const is5xxRow = known.in5xxRow === consecutive5xx;
  if (isGatewayRow) known.inGatewayRow = 0;
  if (is5xxRow) known.in5xxRow = 0;
  if (!isGatewayRow && !is5xxRow) return null;
  return eject(state, {
    host,
    known,
    reason: isGatewayRow ? "ConsecutiveGatewayFailure" : "Consecutive5xx",
    now,
  });
}

function eject(
  state: OutlierDetectionState,
  {
    host,
    known,
    reason,
    now,
  }: {
    readonly host: number;
    readonly known: HostState;
    readonly reason: EjectionReason;
    readonly now: Micros;
  },
): OutlierEvent {
  const { settings, hostCount, ejectedCount } = state;
  const percent = (100 * (ejectedCount + 1)) / hostCount;
  const isFirst = ejectedCount === 0 && settings.alwaysEjectOneHost;
  if (percent > settings.maxEjectionPercent && !isFirst) {
    return { kind: "overflow", host, t: now, reason };
  }
  const { baseEjectionTime, maxEjectionTime } = settings;
  const grows =
    !settings.isBounded || known.multiplier * baseEjectionTime < maxEjectionTime + baseEjectionTime;
  if (grows) known.multiplier++;
  known.ejected = true;
  known.since = now;
  state.ejectedCount++;
  return {
    kind: "eject",
    host,
    t: now,
    reason,
    multiplier: known.multiplier,
    ejectionTime: ejectionTime(known, settings),
    ejectedNow: state.ejectedCount,
  };
}

const ejectionTime = ({ multiplier }: HostState, settings: OutlierSettings): Micros =>
  micros(Math.min(settings.baseEjectionTime * multiplier, settings.maxEjectionTime));

function sweep(state: OutlierDetectionState, now: Micros, events: OutlierEvent[]): void {
  for (const [host, known] of state.hosts.entries()) {
    if (known !== null) returnOrAge(state, { host, known, now }, events);
  }
  if (judgesRates(state)) ejectByRates(state, now, events);
  for (const known of state.hosts) {
    if (known === null) continue;
    known.requests = 0;
    known.successes = 0;
  }
}

function returnOrAge(
  state: OutlierDetectionState,
  { host, known, now }: { readonly host: number; readonly known: HostState; readonly now: Micros },
  events: OutlierEvent[],
): void {
  const { settings } = state;
  const elapsed = now - known.since;
  if (known.ejected) {
    if (elapsed < ejectionTime(known, settings)) return;
    known.ejected = false;
    known.since = now;
    known.in5xxRow = 0;
    known.inGatewayRow = 0;
    state.ejectedCount--;
    events.push({ kind: "uneject", host, t: now });
  } else if (settings.decays && known.multiplier > 0 && elapsed >= settings.interval) {
    known.multiplier--;
  }
}

function ejectByRates(state: OutlierDetectionState, now: Micros, events: OutlierEvent[]): void {
  const inUse = [...state.hosts.entries()].flatMap(([host, known]) =>
    known === null || known.ejected ? [] : [{ host, ...known }],
  );
  for (const { host, reason } of rateOutliers(inUse, state.settings)) {
    const known = state.hosts[host] ?? null;
    // Both rules may have found it.
    if (known === null || known.ejected) continue;
    events.push(eject(state, { host, known, reason, now }));
  }
}
