import type { MemorySpec, ServiceSpec } from "../../dataplane/serviceSpec.ts";
import { micros } from "../../kernel/time.ts";
import { parseBytes } from "../../workload/quantity.ts";
import type { ServiceInput } from "../schema/services.ts";
import type { Path } from "../tree.ts";
import { parseDuration } from "../units.ts";
import type { Context } from "./context.ts";
import { constant, distributionOr } from "./time.ts";

/** Half a millisecond of CPU: an HTTP handler that answers "ok" (assumed). */
const DEFAULT_PROBE_WORK = constant(micros(500));

const NO_MEMORY: MemorySpec = {
  baseBytes: 0,
  perRequestBytes: 0,
  cachePerRequestBytes: 0,
  cacheMaxBytes: 0,
  leakPerRequestBytes: 0,
};

type Serving = Pick<ServiceSpec, "quota" | "memory" | "warmUp" | "probeWork" | "probeThread">;

/** Of a service that says nothing, and of every datastore. */
export const PLAIN_SERVING: Serving = {
  quota: "even",
  memory: NO_MEMORY,
  warmUp: null,
  probeWork: DEFAULT_PROBE_WORK,
  probeThread: "shared",
};

/** How a service's processes spend CPU and memory, beside what its requests ask for. */
export function normaliseServing(context: Context, input: ServiceInput, path: Path): Serving {
  const { memory, warmUp } = input;
  const isQuotaKnown = context.names(...path).includes("quota");
  if (input.cpu === "fifo" && isQuotaKnown) {
    const hint = "use cpu: processor-sharing or cpu: event-loop";
    context.atKey([...path, "quota"], "fifo runs all slots at full speed: no quota holds", hint);
  }
  return {
    quota: input.quota ?? PLAIN_SERVING.quota,
    memory: normaliseMemory(memory),
    warmUp:
      warmUp === undefined
        ? null
        : {
            factor: warmUp.factor,
            duration: parseDuration(warmUp.duration),
            coldCaches: warmUp.coldCaches ?? false,
          },
    probeWork: distributionOr(context, input.probeWork, [...path, "probeWork"], DEFAULT_PROBE_WORK),
    probeThread: input.probeThread ?? "shared",
  };
}

export function normaliseMemory(memory: ServiceInput["memory"]): MemorySpec {
  const bytes = (written: string | number | undefined): number =>
    written === undefined ? 0 : (parseBytes(written) ?? 0);
  return {
    baseBytes: bytes(memory?.base),
    perRequestBytes: bytes(memory?.perRequest),
    cachePerRequestBytes: bytes(memory?.cache?.perRequest),
    cacheMaxBytes: bytes(memory?.cache?.max),
    leakPerRequestBytes: bytes(memory?.leakPerRequest),
  };
}
