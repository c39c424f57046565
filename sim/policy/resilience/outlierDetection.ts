import { z } from "zod";
import { type Micros, micros, seconds } from "../../kernel/time.ts";
import { problemsOf } from "../autoscalers/problems.ts";
import type { ConfigProblem } from "../policy.ts";

/** Fields of Envoy's OutlierDetection in camel case; absent ones have its defaults. */
export interface OutlierDetectionConfig {
  /** Responses in a row with a code from 500 to 599 that eject; 0: none do. Default 5. */
  readonly consecutive5xx?: number | undefined;
  /**
   * Responses in a row with 502, 503 or 504 that eject; 0 (the default, since Envoy does not
   * enforce these unless told to): none do.
   */
  readonly consecutiveGatewayFailure?: number | undefined;
  /** Time between two sweeps, which return hosts. Default 10. */
  readonly intervalSeconds?: number | undefined;
  /** Times the host's multiplier: how long it is ejected at least. Default 30. */
  readonly baseEjectionTimeSeconds?: number | undefined;
  /** Default: 300, or the base ejection time if that is longer. */
  readonly maxEjectionTimeSeconds?: number | undefined;
  /** Percent of the hosts that may be ejected together. Default 10. */
  readonly maxEjectionPercent?: number | undefined;
  /**
   * Whether one host may be ejected whatever `maxEjectionPercent` says, as in all releases before
   * this flag. Default false.
   */
  readonly alwaysEjectOneHost?: boolean | undefined;
  /**
   * What the multiplier of a host is. `decaying` (the default): it grows with each ejection, but
   * no further than the maximum ejection time needs, and loses one for each sweep that finds the
   * host in use. `decaying-unbounded`: the same without that bound. `all-ejections`: the number of
   * its ejections so far, as documented before Envoy 1.18.
   */
  readonly multiplier?: "decaying" | "decaying-unbounded" | "all-ejections" | undefined;
}

const count = z.int32().nonnegative().optional();
const period = z.number().positive().optional();

const configSchema: z.ZodType<OutlierDetectionConfig> = z.strictObject({
  consecutive5xx: count,
  consecutiveGatewayFailure: count,
  intervalSeconds: period,
  baseEjectionTimeSeconds: period,
  maxEjectionTimeSeconds: period,
  maxEjectionPercent: z.number().min(0).max(100).optional(),
  alwaysEjectOneHost: z.boolean().optional(),
  multiplier: z.enum(["decaying", "decaying-unbounded", "all-ejections"]).optional(),
});

type Settings = {
  readonly consecutive5xx: number;
  readonly consecutiveGatewayFailure: number;
  readonly interval: Micros;
  readonly baseEjectionTime: Micros;
  readonly maxEjectionTime: Micros;
  readonly maxEjectionPercent: number;
  readonly alwaysEjectOneHost: boolean;
  readonly decays: boolean;
  readonly isBounded: boolean;
};

type HostState = {
  ejected: boolean;
  multiplier: number;
  /** Of the latest ejection, or of the return after it. */
  since: Micros;
  in5xxRow: number;
  inGatewayRow: number;
};

export type OutlierDetectionState = {
  readonly settings: Settings;
  /** By the caller's numbers; null where there is no host. */
  readonly hosts: (HostState | null)[];
  hostCount: number;
  ejectedCount: number;
  nextSweep: Micros;
};

export type OutlierEvent =
  | {
      readonly kind: "eject";
      readonly host: number;
      readonly multiplier: number;
      /** It lasts so long at least. */
      readonly ejectionTime: Micros;
      /** Hosts that are ejected now. */
      readonly ejectedNow: number;
    }
  /** A host that would be ejected, were it not for the limit. */
  | { readonly kind: "overflow"; readonly host: number }
  | { readonly kind: "uneject"; readonly host: number; readonly t: Micros };

const NOTHING: readonly OutlierEvent[] = [];

/**
 * Envoy's passive health check, one for each cluster: hosts that answer with failures in a row are
 * ejected at once from load balancing, and returned by a sweep. State changes in place, as that of
 * an admission policy. Hosts are small whole numbers of the caller's. Connect failures and
 * timeouts come as the codes that Envoy makes of them, 503 and 504.
 * Source: Envoy, api-v3/config/cluster/v3/outlier_detection.proto and intro/arch_overview/
 * upstream/outlier; source/common/upstream/outlier_detection_impl.cc.
 */
export const outlierDetection = {
  name: "outlier-detection",

  validate: (config: unknown): readonly ConfigProblem[] => problemsOf(configSchema, config),

  init(config: OutlierDetectionConfig, now: Micros): OutlierDetectionState {
    const settings = settingsOf(config);
    const nextSweep = micros(now + settings.interval);
    return { settings, hosts: [], hostCount: 0, ejectedCount: 0, nextSweep };
  },

  /** A new host, in place of one that had its number. */
  addHost(state: OutlierDetectionState, host: number): void {
    const { hosts } = state;
    while (hosts.length <= host) hosts.push(null);
    this.removeHost(state, host);
    state.hostCount++;
    hosts[host] = { ejected: false, multiplier: 0, since: micros(0), in5xxRow: 0, inGatewayRow: 0 };
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
    if (code < 500 || code > 599) {
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
    state.ejectedCount > 0 ? state.nextSweep : null,

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

function settingsOf(config: OutlierDetectionConfig): Settings {
  const base = config.baseEjectionTimeSeconds ?? 30;
  const multiplier = config.multiplier ?? "decaying";
  return {
    consecutive5xx: config.consecutive5xx ?? 5,
    consecutiveGatewayFailure: config.consecutiveGatewayFailure ?? 0,
    interval: seconds(config.intervalSeconds ?? 10),
    baseEjectionTime: seconds(base),
    maxEjectionTime: seconds(config.maxEjectionTimeSeconds ?? Math.max(300, base)),
    maxEjectionPercent: config.maxEjectionPercent ?? 10,
    alwaysEjectOneHost: config.alwaysEjectOneHost ?? false,
    decays: multiplier !== "all-ejections",
    isBounded: multiplier === "decaying",
  };
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
  if (isGatewayRow && consecutiveGatewayFailure > 0) known.inGatewayRow = 0;
  else if (!is5xxRow || consecutive5xx === 0) return null;
  if (is5xxRow) known.in5xxRow = 0;
  return eject(state, { host, known, now });
}

function eject(
  state: OutlierDetectionState,
  { host, known, now }: { readonly host: number; readonly known: HostState; readonly now: Micros },
): OutlierEvent {
  const { settings, hostCount, ejectedCount } = state;
  const percent = (100 * (ejectedCount + 1)) / hostCount;
  const isFirst = ejectedCount === 0 && settings.alwaysEjectOneHost;
  if (percent > settings.maxEjectionPercent && !isFirst) return { kind: "overflow", host };
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
    multiplier: known.multiplier,
    ejectionTime: ejectionTime(known, settings),
    ejectedNow: state.ejectedCount,
  };
}

const ejectionTime = ({ multiplier }: HostState, settings: Settings): Micros =>
  micros(Math.min(settings.baseEjectionTime * multiplier, settings.maxEjectionTime));

function sweep(state: OutlierDetectionState, now: Micros, events: OutlierEvent[]): void {
  const { settings } = state;
  for (const [host, known] of state.hosts.entries()) {
    if (known === null) continue;
    const elapsed = now - known.since;
    if (known.ejected) {
      if (elapsed < ejectionTime(known, settings)) continue;
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
}
