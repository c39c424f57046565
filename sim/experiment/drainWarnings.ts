import type { ReplicationOutput } from "./replication.ts";

/** Nodes that could not be emptied: for whoever drains one, the maintenance has failed. */
export function drainWarnings(
  policy: string,
  runs: readonly Pick<ReplicationOutput, "blockedDrains">[],
): readonly string[] {
  const blocked = runs.flatMap(({ blockedDrains }) => blockedDrains);
  const nodes = [...new Set(blocked.map(({ node }) => node))];
  return nodes.map((node) => {
    const stuck = runs.filter((run) => run.blockedDrains.some((one) => one.node === node)).length;
    const inRuns = runs.length === 1 ? "" : ` in ${stuck} of ${runs.length} runs`;
    const { evicted, refusals } = blocked.find((one) => one.node === node)!;
    const pods = evicted === 1 ? "1 pod was evicted" : `${evicted} pods were evicted`;
    const often = refusals === 1 ? "once" : `${refusals} times`;
    return (
      `${policy}: a drain did not empty ${node}${inRuns}: ${pods}, ` +
      `and a PodDisruptionBudget refused ${often}.`
    );
  });
}
