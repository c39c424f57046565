import { endpointId } from "../../dataplane/callplan/callGraph.ts";
import type { FallbackSpec } from "../../dataplane/callSpec.ts";
import type { StepSpec } from "../../dataplane/serviceSpec.ts";
import type { TrafficSpec } from "../../dataplane/trafficSpec.ts";
import type { CacheInput, FallbackInput, QueryInput, StepInput } from "../schema/services.ts";
import type { Path } from "../tree.ts";
import { parseDuration, parseShare } from "../units.ts";
import { callSettings, DATASTORE_ENDPOINT, resolveCall } from "./calls.ts";
import type { Context } from "./context.ts";
import { normaliseLock } from "./locks.ts";
import { normaliseDistribution } from "./time.ts";

/** Room for the rounding of shares that add up to 1 on paper. */
const SHARE_SLACK = 1e-9;

/** Whose steps these are. */
export interface Owner {
  readonly service: string;
  readonly endpoint: string;
}

export function normaliseSteps(
  context: Context,
  steps: readonly StepInput[],
  path: Path,
  owner: Owner,
): readonly StepSpec[] {
  return steps.flatMap((step, i) => normaliseStep(context, step, [...path, i], owner));
}

function normaliseStep(
  context: Context,
  step: StepInput,
  path: Path,
  owner: Owner,
): readonly StepSpec[] {
  const { work, wait, call, query, cache, lock, transaction, parallel, choose } = step;
  if (work !== undefined) {
    return [{ kind: "work", time: normaliseDistribution(context, work, [...path, "work"]) }];
  }
  if (wait !== undefined) {
    return [{ kind: "wait", time: normaliseDistribution(context, wait, [...path, "wait"]) }];
  }
  if (call !== undefined) return normaliseCall(context, call, [...path, "call"], owner);
  if (query !== undefined) return normaliseQuery(context, query, [...path, "query"], owner);
  if (cache !== undefined) return [normaliseCache(context, cache, [...path, "cache"], owner)];
  if (lock !== undefined) {
    const steps = typeof lock === "string" ? [] : (lock.each ?? []);
    const each = normaliseSteps(context, steps, [...path, "lock", "each"], owner);
    return [{ kind: "lock", lock: normaliseLock(lock), each }];
  }
  if (transaction !== undefined) {
    const place = [...path, "transaction"];
    return [normaliseTransaction(context, transaction, place, owner)];
  }
  if (parallel !== undefined) {
    const branches = parallel.map((branch, i) => {
      const place = [...path, "parallel", i];
      return isList(branch)
        ? normaliseSteps(context, branch, place, owner)
        : normaliseStep(context, branch, place, owner);
    });
    return [{ kind: "parallel", branches }];
  }
  return choose === undefined ? [] : [normaliseChoice(context, choose, [...path, "choose"], owner)];
}

function normaliseTransaction(
  context: Context,
  input: NonNullable<StepInput["transaction"]>,
  path: Path,
  owner: Owner,
): StepSpec {
  if (isList(input)) {
    const steps = normaliseSteps(context, input, path, owner);
    return { kind: "transaction", pool: null, steps };
  }
  const { pool } = input;
  const pools = context.names("services", owner.service, "pools");
  const isKnown =
    pool !== undefined && context.knows(`pool of ${owner.service}`, pool, pools, [...path, "pool"]);
  const steps = normaliseSteps(context, input.steps, [...path, "steps"], owner);
  const others = isKnown ? poolsIn(steps).filter((other) => other !== pool) : [];
  if (others[0] !== undefined) {
    const message = `a transaction over "${pool}" holds its connection, and can use no other`;
    context.atKey([...path, "pool"], message, `it would use "${others[0]}"`);
  }
  return { kind: "transaction", pool: isKnown ? pool : null, steps };
}

/** Pools over which steps ask for connections, themselves or in what they contain. */
function poolsIn(steps: readonly StepSpec[]): readonly string[] {
  return steps.flatMap((step): readonly string[] => {
    switch (step.kind) {
      case "query":
        return [step.pool];
      case "lock":
        return poolsIn(step.each);
      case "transaction":
        return [...(step.pool === null ? [] : [step.pool]), ...poolsIn(step.steps)];
      case "choice":
        return step.options.flatMap((option) => poolsIn(option.steps));
      case "cache":
      case "lookup":
        return [...poolsIn(step.hit), ...poolsIn(step.miss)];
      // Branches of a parallel step have connections of their own.
      default:
        return [];
    }
  });
}

const isList = <Item>(value: readonly Item[] | object): value is readonly Item[] =>
  Array.isArray(value);

function normaliseCall(
  context: Context,
  input: NonNullable<StepInput["call"]>,
  path: Path,
  owner: Owner,
): readonly StepSpec[] {
  const isShort = typeof input === "string";
  const parts = isShort ? { target: input } : { ...input, target: input.service };
  const paths = {
    target: isShort ? path : [...path, "service"],
    endpoint: [...path, "endpoint"],
    settings: path,
  };
  const call = resolveCall(context, parts, paths);
  if (call === null) return [];
  const from = endpointId(owner.service, owner.endpoint);
  context.edges.push({ from, to: endpointId(call.service, call.endpoint), path: paths.target });
  const fallback = isShort ? null : fallbackOf(context, input.fallback, path, owner);
  return [{ kind: "call", call: { ...call, fallback } }];
}

function fallbackOf(
  context: Context,
  input: FallbackInput | undefined,
  path: Path,
  owner: Owner,
): FallbackSpec | null {
  if (input === undefined) return null;
  const place = [...path, "fallback", "steps"];
  return { kind: input.kind, steps: normaliseSteps(context, input.steps ?? [], place, owner) };
}

function normaliseQuery(
  context: Context,
  input: string | QueryInput,
  path: Path,
  owner: Owner,
): readonly StepSpec[] {
  const query: QueryInput = typeof input === "string" ? { datastore: input } : input;
  const place = typeof input === "string" ? path : [...path, "datastore"];
  const { datastore } = query;
  if (!context.knows("datastore", datastore, context.names("datastores"), place)) return [];
  const pools = context.names("services", owner.service, "pools");
  if (query.pool !== undefined) {
    if (!context.knows(`pool of ${owner.service}`, query.pool, pools, [...path, "pool"])) return [];
  }
  const call = {
    service: datastore,
    endpoint: DATASTORE_ENDPOINT,
    ...callSettings(context, query, path),
    access: query.access ?? "read",
    fallback: fallbackOf(context, query.fallback, path, owner),
  };
  const pool = query.pool ?? (pools.includes(datastore) ? datastore : null);
  return [pool === null ? { kind: "call", call } : { kind: "query", pool, call }];
}

function normaliseCache(context: Context, cache: CacheInput, path: Path, owner: Owner): StepSpec {
  const name = cache.name ?? "cache";
  const ways = {
    hit: normaliseSteps(context, cache.hit ?? [], [...path, "hit"], owner),
    miss: normaliseSteps(context, cache.miss ?? [], [...path, "miss"], owner),
  };
  if (cache.hits !== undefined) {
    return { kind: "cache", name, hitRatio: parseShare(cache.hits), ...ways };
  }
  const { size, ttl, scope, coalesce } = cache.entries ?? {};
  context.lookups.push([...path, "entries"]);
  const spec = {
    size: size ?? null,
    ttl: ttl === undefined ? null : parseDuration(ttl),
    scope: scope ?? "shared",
    coalesce: coalesce ?? false,
  } as const;
  return { kind: "lookup", name, cache: spec, ...ways };
}

function normaliseChoice(
  context: Context,
  options: NonNullable<StepInput["choose"]>,
  path: Path,
  owner: Owner,
): StepSpec {
  const total = options.reduce((sum, option) => sum + parseShare(option.probability), 0);
  if (total > 1 + SHARE_SLACK) {
    const percent = Number((total * 100).toFixed(6));
    context.atKey(path, `the probabilities add up to ${percent} %, at most 100 % can be`);
  }
  return {
    kind: "choice",
    options: options.map((option, i) => ({
      probability: parseShare(option.probability),
      steps: normaliseSteps(context, option.steps, [...path, i, "steps"], owner),
    })),
  };
}

/** A cache of keys is of no use where all requests are about one and the same. */
export function reportKeylessCaches(context: Context, traffic: readonly TrafficSpec[]): void {
  if (traffic.some(({ population }) => population.keys.count > 1)) return;
  const name = traffic[0]?.name ?? "users";
  const hint = `as in: traffic.${name}.population: { keys: { count: 10000, zipf: 1 } }`;
  for (const path of context.lookups) {
    context.atKey(path, "a cache with entries needs requests about different keys", hint);
  }
}
