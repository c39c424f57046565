import type { WorkloadSpec } from "../../cluster/clusterSpec.ts";
import type { RevisionSpec } from "../../dataplane/serviceSpec.ts";
import type { RevisionInput } from "../schema/revisions.ts";
import type { ServiceInput } from "../schema/services.ts";
import type { Path } from "../tree.ts";
import { parseShare } from "../units.ts";
import type { Context } from "./context.ts";
import { normaliseStartup, type PodLife } from "./podLife.ts";
import { normaliseMemory } from "./serving.ts";

/** The revision of services that say nothing about revisions. */
export const ONLY_REVISION: RevisionSpec = {
  name: "v1",
  errorShare: 0,
  latencyFactor: { min: 1, max: 1 },
  memory: null,
};

/** How the processes of each revision answer. */
export function normaliseRevisions(
  context: Context,
  { revisions = {}, memory }: ServiceInput,
  path: Path,
): readonly RevisionSpec[] {
  const specs = Object.entries(revisions).map(([name, revision]) => {
    const { errors, latency } = revision;
    const factor = typeof latency === "number" ? { min: latency, max: latency } : latency;
    if (factor !== undefined && factor.min > factor.max) {
      const message = `min is at most max, found ${factor.min} above ${factor.max}`;
      context.atValue([...path, "revisions", name, "latency", "min"], message);
    }
    return {
      name,
      errorShare: errors === undefined ? 0 : parseShare(errors),
      latencyFactor: factor ?? ONLY_REVISION.latencyFactor,
      memory:
        revision.memory === undefined ? null : normaliseMemory({ ...memory, ...revision.memory }),
    };
  });
  return specs.length === 0 ? [ONLY_REVISION] : specs;
}

/** How the pods of each revision come up, where it is in another way than the service's. */
export function normaliseRevisionPods(
  context: Context,
  { revisions = {} }: ServiceInput,
  life: PodLife,
  path: Path,
): WorkloadSpec["revisions"] {
  return Object.fromEntries(
    Object.entries(revisions).map(([name, revision]) => {
      const place = [...path, "revisions", name];
      const { startup, memory, failsProbes } = revision;
      checkProbes(context, failsProbes ?? [], life, place);
      return [
        name,
        {
          ...(startup === undefined
            ? {}
            : normaliseStartup(context, startup, [...place, "startup"])),
          ...(memory?.base === undefined
            ? {}
            : { idleMemoryBytes: normaliseMemory(memory).baseBytes }),
          ...(failsProbes === undefined ? {} : { failsProbes }),
        },
      ];
    }),
  );
}

/** A probe that nobody asks cannot fail. */
function checkProbes(
  context: Context,
  kinds: NonNullable<RevisionInput["failsProbes"]>,
  life: PodLife,
  path: Path,
): void {
  kinds.forEach((kind, index) => {
    if (life[`${kind}Probe`] !== null) return;
    const message = `the service has no ${kind}Probe that could fail`;
    context.atValue([...path, "failsProbes", index], message, `add ${kind}Probe to it`);
  });
}
