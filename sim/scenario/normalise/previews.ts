import type { TrafficSpec } from "../../dataplane/trafficSpec.ts";
import type { PolicySet } from "../scenario.ts";
import { type Path, treeAt } from "../tree.ts";
import type { Context } from "./context.ts";

/**
 * A preview has no traffic of its own: an analysis before the promotion has something to judge only
 * where traffic asks for the revision.
 */
export function reportUntriedPreviews(
  context: Context,
  { name, rollouts }: PolicySet,
  traffic: readonly TrafficSpec[],
): void {
  const calls = traffic.flatMap(({ journeys }) =>
    journeys.flatMap(({ steps }) => steps.map(({ call }) => call)),
  );
  for (const { workload, policy, revision } of rollouts) {
    const path = analysisPath(context, ["policies", name, "rollouts", workload], policy);
    if (path === null) continue;
    if (calls.some((call) => call.service === workload && call.revision === revision)) continue;
    const message = `no traffic tries the preview of ${revision} that this analysis judges`;
    context.atKey(path, message, `add traffic like {call: ${workload}, revision: ${revision}}`);
  }
}

/** Where a blue-green rollout says what is measured before its promotion; null for nowhere. */
function analysisPath(context: Context, rollout: Path, policy: string): Path | null {
  if (policy !== "blue-green") return null;
  const isList = treeAt(context.tree, rollout)?.kind === "list";
  const settings = [...rollout, ...(isList ? [0] : []), policy, "strategy", "blueGreen"];
  const path = [...settings, "prePromotionAnalysis"];
  return treeAt(context.tree, path) === null ? null : path;
}
