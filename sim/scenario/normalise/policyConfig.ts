import type { Json } from "../../kernel/json.ts";
import type { Micros } from "../../kernel/time.ts";
import type { Path } from "../tree.ts";
import { DURATION, parseDuration } from "../units.ts";

/** A policy's configuration between what the scenario says and what the policy takes. */
export interface WrittenConfig {
  /** As the policy validates it. */
  readonly config: Json;
  /** Where a path in `config` leads to in the scenario. */
  pathOf(path: Path): Path;
  /** As the policy takes it: times count from time zero of the simulation, warm-up included. */
  inRunTime(warmUp: Micros): Json;
}

type JsonMap = { readonly [key: string]: Json };

const isMap = (value: Json | undefined): value is JsonMap =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * What a scenario may leave out around a configuration: an HPA is a manifest or only its spec. And
 * what it counts differently: the times of a schedule.
 */
export function writtenConfig(policy: string, config: Json): WrittenConfig {
  if (policy === "hpa") return writtenHpa(config);
  if (policy === "scheduled" && isMap(config)) return writtenSchedule(config);
  return { config, pathOf: (path) => path, inRunTime: () => config };
}

function writtenHpa(config: Json): WrittenConfig {
  const isSpec = isMap(config) && !("spec" in config || "kind" in config);
  if (!isSpec) return { config, pathOf: (path) => path, inRunTime: () => config };
  const { controller, ...spec } = config;
  const manifest: JsonMap = controller === undefined ? { spec } : { spec, controller };
  return {
    config: manifest,
    pathOf: (path) => (path[0] === "spec" ? path.slice(1) : path),
    inRunTime: () => manifest,
  };
}

function writtenSchedule(config: JsonMap): WrittenConfig {
  const { autoscaler, schedule } = config;
  const { hpa } = isMap(autoscaler) ? autoscaler : {};
  const inner = hpa === undefined ? null : writtenHpa(hpa);
  const whole = inner === null ? config : { ...config, autoscaler: { hpa: inner.config } };
  return {
    config: whole,
    pathOf(path) {
      if (inner === null || path[0] !== "autoscaler" || path[1] !== "hpa") return path;
      return ["autoscaler", "hpa", ...inner.pathOf(path.slice(2))];
    },
    inRunTime: (warmUp) =>
      Array.isArray(schedule)
        ? { ...whole, schedule: schedule.map((action: Json) => later(action, warmUp)) }
        : whole,
  };
}

function later(action: Json, warmUp: Micros): Json {
  if (!isMap(action)) return action;
  const { at } = action;
  if (typeof at !== "string" || !DURATION.test(at)) return action;
  return { ...action, at: `${(parseDuration(at) + warmUp) / 1_000_000}s` };
}
