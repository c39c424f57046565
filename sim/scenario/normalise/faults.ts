import type { ClusterSpec } from "../../cluster/clusterSpec.ts";
import type { Fault, FaultEffect, FaultScope } from "../../control/fault.ts";
import { type Micros, micros } from "../../kernel/time.ts";
import type { FaultInput } from "../schema/cluster.ts";
import type { Path } from "../tree.ts";
import { durationText, parseDuration, parseShare } from "../units.ts";
import type { Context } from "./context.ts";
import { normaliseDistribution } from "./time.ts";

export interface FaultWorld {
  readonly cluster: ClusterSpec;
  readonly zones: readonly string[];
  readonly regions: readonly string[];
  readonly warmUp: Micros;
  readonly duration: Micros;
}

export function normaliseFault(
  context: Context,
  input: FaultInput,
  index: number,
  world: FaultWorld,
): Fault {
  const path: Path = ["faults", index];
  const scope = normaliseScope(context, input, path, world);
  const effect = normaliseEffect(context, input, path);
  const at = parseDuration(input.at);
  const length = input.for === undefined ? null : parseDuration(input.for);
  const measured = `the run measures ${durationText(world.duration)}`;
  if (at >= world.duration) {
    const hint = `${measured}, counted from the end of the warm-up`;
    context.atValue([...path, "at"], "this fault begins when the run is over", hint);
  } else if (length !== null && at + length > world.duration) {
    const hint = `${measured}: for: ${durationText(world.duration - at)} lasts to its end`;
    context.atValue([...path, "for"], "this fault would end after the run", hint);
  }
  const isLasting = effect.kind !== "kill" && effect.kind !== "crash";
  if (length === null && isLasting) {
    const hint = "add for: how long it lasts";
    context.atKey(path, `a fault of kind "${effectKey(input)}" has no length`, hint);
  }
  return {
    name:
      input.name ??
      [
        effectKey(input),
        input.drain ??
          input.nodeDown ??
          input.service ??
          input.node ??
          input.zone ??
          input.region ??
          "all",
      ].join(" "),
    scope,
    start: micros(world.warmUp + at),
    duration: isLasting ? length : null,
    effect,
  };
}

const effectKey = (input: FaultInput): string =>
  (["kill", "crash", "slow", "errors", "latency", "drain", "nodeDown"] as const).find(
    (key) => input[key] !== undefined,
  ) ?? "kill";

function normaliseEffect(context: Context, input: FaultInput, path: Path): FaultEffect {
  if (input.drain !== undefined) return { kind: "drain" };
  if (input.nodeDown !== undefined) return { kind: "node-down" };
  if (input.slow !== undefined) return { kind: "slow", factor: input.slow };
  if (input.errors !== undefined) return { kind: "error", share: parseShare(input.errors) };
  if (input.latency !== undefined) {
    const place = [...path, "latency"];
    return { kind: "latency", latency: normaliseDistribution(context, input.latency, place) };
  }
  return { kind: input.crash === true ? "crash" : "kill" };
}

function normaliseScope(
  context: Context,
  input: FaultInput,
  path: Path,
  world: FaultWorld,
): FaultScope {
  const { service, revision, endpoint, node, zone, region, replicas } = input;
  const nodes = world.cluster.nodes.map(({ name }) => name);
  const check = (what: string, key: keyof FaultInput, known: readonly string[]): void => {
    const written = input[key];
    if (typeof written === "string") context.knows(what, written, known, [...path, key]);
  };
  check("service", "service", [...context.names("services"), ...context.names("datastores")]);
  check("node", "node", nodes);
  for (const key of ["drain", "nodeDown"] as const) {
    check("node", key, nodes);
    if (input[key] !== undefined) reportNarrowed(context, input, [path, key]);
  }
  check("zone", "zone", world.zones);
  check("region", "region", world.regions);
  if (service === undefined) {
    for (const key of ["revision", "endpoint"] as const) {
      if (input[key] === undefined) continue;
      context.atKey([...path, key], `a fault with "${key}" needs its service`, "add service: …");
    }
  } else if (context.names("services").includes(service)) {
    check(`revision of ${service}`, "revision", context.names("services", service, "revisions"));
    check(`endpoint of ${service}`, "endpoint", context.names("services", service, "endpoints"));
  }
  return {
    ...(service === undefined ? {} : { service }),
    ...(revision === undefined ? {} : { revision }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(node === undefined ? {} : { node }),
    ...(input.drain === undefined ? {} : { node: input.drain }),
    ...(input.nodeDown === undefined ? {} : { node: input.nodeDown }),
    ...(zone === undefined ? {} : { zone }),
    ...(region === undefined ? {} : { region }),
    ...(replicas === undefined ? {} : { replicas: replicasOf(replicas) }),
  };
}

/** What happens to a node happens to everything on it. */
function reportNarrowed(
  context: Context,
  input: FaultInput,
  [path, effect]: readonly [Path, string],
): void {
  const keys = ["service", "revision", "endpoint", "node", "zone", "region", "replicas"] as const;
  for (const key of keys) {
    if (input[key] === undefined) continue;
    context.atKey([...path, key], `"${key}" does not go with ${effect}, which names its node`);
  }
}

const replicasOf = (replicas: number | string): NonNullable<FaultScope["replicas"]> =>
  typeof replicas === "number" ? { count: replicas } : { share: parseShare(replicas) };
