import {
  type BackoffSpec,
  type CallSpec,
  type HedgeSpec,
  RETRY_CONDITIONS,
  type RetrySpec,
} from "../../dataplane/callSpec.ts";
import { type Micros, micros } from "../../kernel/time.ts";
import { retryLimits } from "../../policy/resilience/retryLimits.ts";
import {
  type CallSettingsInput,
  type HedgeInput,
  QUANTILE,
  type RetriesInput,
} from "../schema/calls.ts";
import type { Path } from "../tree.ts";
import { parseDuration, parseShare } from "../units.ts";
import type { Context } from "./context.ts";
import { guardsOf, policyUse } from "./guards.ts";
import { normaliseDistribution } from "./time.ts";

const ONE_MINUTE = micros(60_000_000);
const DEFAULT_FACTOR = 2;

/** The one endpoint of every datastore. */
export const DATASTORE_ENDPOINT = "query";

type CallSettings = Omit<CallSpec, "service" | "endpoint" | "fallback">;

/** What a caller does beyond a plain call, but for its fallback. */
export function callSettings(context: Context, input: CallSettingsInput, path: Path): CallSettings {
  const { timeout, deadline, retries, hedge } = input;
  return {
    revision: null,
    access: "read",
    timeout: durationOf(timeout),
    deadline: durationOf(deadline),
    retries: retries === undefined ? null : retriesOf(context, retries, [...path, "retries"]),
    hedge: hedge === undefined ? null : hedgeOf(hedge),
    guards: guardsOf(context, input, path, ["circuitBreaker", "rateLimiter", "bulkhead"]),
  };
}

const durationOf = (input: string | undefined): Micros | null =>
  input === undefined ? null : parseDuration(input);

function retriesOf(context: Context, input: RetriesInput, path: Path): RetrySpec {
  const { attempts, perTryTimeout, retryOn, probability, backoff, limit } = input;
  const use =
    limit === undefined
      ? null
      : policyUse(context, "limit of retries", retryLimits, [...path, "limit"]);
  return {
    attempts: attempts === "unlimited" ? Number.MAX_SAFE_INTEGER : attempts,
    perTryTimeout: durationOf(perTryTimeout),
    retryOn: retryOn ?? RETRY_CONDITIONS,
    probability: probability === undefined ? 1 : parseShare(probability),
    backoff: backoffOf(context, backoff, [...path, "backoff"]),
    limit: use === null ? null : { ...use, isShared: limit?.shared ?? false },
  };
}

function backoffOf(context: Context, input: RetriesInput["backoff"], path: Path): BackoffSpec {
  const written = typeof input === "string" ? { base: input, factor: 1, max: input } : input;
  const { base, factor, max, jitter, time, orbit } = written ?? {};
  if (time !== undefined) {
    const others = Object.keys(written ?? {}).filter((key) => key !== "time" && key !== "orbit");
    for (const key of others) {
      context.atKey([...path, key], `"${key}" has no meaning beside "time"`);
    }
    const drawn = normaliseDistribution(context, time, [...path, "time"]);
    return { kind: "drawn", time: drawn, orbit: orbit ?? "classical" };
  }
  if (orbit !== undefined) {
    context.atKey([...path, "orbit"], "an orbit needs a time", "add time: how long it pauses");
  }
  const isWord = jitter === "full" || jitter === "decorrelated";
  return {
    kind: "exponential",
    base: base === undefined ? micros(0) : parseDuration(base),
    factor: factor ?? DEFAULT_FACTOR,
    max: max === undefined ? ONE_MINUTE : parseDuration(max),
    jitter: isWord ? jitter : jitter === undefined ? 0 : parseShare(jitter),
  };
}

function hedgeOf({ after, max, losers, tied }: HedgeInput): HedgeSpec {
  return {
    after: hedgeDelayOf(after),
    max: max ?? 1,
    losers: losers ?? "cancel",
    tied: tied ?? false,
  };
}

function hedgeDelayOf(after: string): HedgeSpec["after"] {
  const percent = QUANTILE.exec(after)?.[1];
  if (percent === undefined) return { kind: "fixed", delay: parseDuration(after) };
  return { kind: "quantile", quantile: Number(percent) / 100 };
}

/** What a call is made of, wherever it stands. */
export interface CallParts extends CallSettingsInput {
  /** `auth`, or `product GET /products`. */
  readonly target: string;
  readonly endpoint?: string | undefined;
  readonly revision?: string | undefined;
}

/** Finds the service and the endpoint that are called; null, and a problem, when there is none. */
export function resolveCall(
  context: Context,
  parts: CallParts,
  paths: { readonly target: Path; readonly endpoint: Path; readonly settings: Path },
): Omit<CallSpec, "fallback"> | null {
  const [service = "", ...rest] = parts.target.trim().split(/\s+/u);
  const written = parts.endpoint ?? (rest.length > 0 ? rest.join(" ") : undefined);
  if (
    context.names("datastores").includes(service) &&
    !context.names("services").includes(service)
  ) {
    const hint = `ask it with query: ${service}`;
    context.atValue(paths.target, `"${service}" is a datastore, not a service`, hint);
    return null;
  }
  if (!context.knows("service", service, context.names("services"), paths.target)) return null;
  const endpoints = context.names("services", service, "endpoints");
  const endpoint = written ?? (endpoints.length === 1 ? endpoints[0] : undefined);
  if (endpoint === undefined) {
    const message = `"${service}" has ${endpoints.length} endpoints: which one is meant?`;
    const hint = endpoints.length === 0 ? null : `write it out: "${service} ${endpoints[0]}"`;
    context.atValue(paths.target, message, hint);
    return null;
  }
  const place = parts.endpoint === undefined ? paths.target : paths.endpoint;
  if (!context.knows(`endpoint of ${service}`, endpoint, endpoints, place)) return null;
  const { revision = null } = parts;
  if (revision !== null) {
    const revisions = context.names("services", service, "revisions");
    const at = [...paths.settings, "revision"];
    if (!context.knows(`revision of ${service}`, revision, revisions, at)) return null;
  }
  return { service, endpoint, ...callSettings(context, parts, paths.settings), revision };
}
