import type { CallSpec, RetrySpec } from "../../dataplane/serviceSpec.ts";
import { type Micros, micros } from "../../kernel/time.ts";
import type { RetriesInput } from "../schema/calls.ts";
import type { Path } from "../tree.ts";
import { parseDuration, parseShare } from "../units.ts";
import type { Context } from "./context.ts";

const ONE_MINUTE = micros(60_000_000);
const DEFAULT_FACTOR = 2;

/** The one endpoint of every datastore. */
export const DATASTORE_ENDPOINT = "query";

export const timeoutOf = (input: string | undefined): Micros | null =>
  input === undefined ? null : parseDuration(input);

export function retriesOf(input: RetriesInput | undefined): RetrySpec | null {
  if (input === undefined) return null;
  const { base, factor, max, jitter } = input.backoff ?? {};
  return {
    attempts: input.attempts,
    backoff: {
      base: base === undefined ? micros(0) : parseDuration(base),
      factor: factor ?? DEFAULT_FACTOR,
      max: max === undefined ? ONE_MINUTE : parseDuration(max),
      jitter: jitter === undefined ? 0 : parseShare(jitter),
    },
  };
}

/** What a call is made of, wherever it stands. */
export interface CallParts {
  /** `auth`, or `product GET /products`. */
  readonly target: string;
  readonly endpoint?: string | undefined;
  readonly timeout?: string | undefined;
  readonly retries?: RetriesInput | undefined;
}

/** Finds the service and the endpoint that are called; null, and a problem, when there is none. */
export function resolveCall(
  context: Context,
  parts: CallParts,
  paths: { target: Path; endpoint: Path },
): CallSpec | null {
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
  return {
    service,
    endpoint,
    timeout: timeoutOf(parts.timeout),
    retries: retriesOf(parts.retries),
  };
}
