import type { Json } from "../../../sim/kernel/json.ts";
import { evaluated, type GroupRunner } from "./group.ts";
import { argoRunners } from "./rolloutArgo.ts";
import { deploymentDifferences } from "./rolloutDeployment.ts";
import { fencepostDifferences, rankingDifferences } from "./rolloutDeploymentTables.ts";
import { pdbDifferences } from "./rolloutPdb.ts";

type CaseRunner = (testCase: Json) => readonly string[];

/** Recorded answers of Kubernetes and Argo Rollouts: test/conformance/rollout/README.md. */
export const rolloutGroup: GroupRunner = ({ content: { format }, cases }) => {
  const run = FORMATS.get(String(format)) ?? unknownFormat(String(format));
  return cases.map((testCase, index) => evaluated(testCase, index, run));
};

const FORMATS: ReadonlyMap<string, CaseRunner> = new Map([
  ["rollout-deployment/1", deploymentDifferences],
  ["rollout-fenceposts/1", fencepostDifferences],
  ["rollout-ranking/1", rankingDifferences],
  ["rollout-pdb/1", pdbDifferences],
  ...Object.entries(argoRunners).map(([name, run]) => [`rollout-${name}/1`, run] as const),
]);

const unknownFormat = (format: string) => () => [
  `format ${format} is none of ${[...FORMATS.keys()].join(", ")}`,
];
