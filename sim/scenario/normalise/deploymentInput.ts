import type {
  DeploymentInput,
  DeploymentSpecInput,
  StatefulSetInput,
  StatefulSetSpecInput,
} from "../schema/kubernetes.ts";
import type { ServiceInput } from "../schema/services.ts";
import type { Path } from "../tree.ts";

/** Of its Deployment; of its StatefulSet what both have. */
export const specOf = ({ statefulSet, deployment }: ServiceInput): DeploymentSpecInput =>
  statefulSet === undefined ? specIn(deployment) : statefulSetSpecOf(statefulSet);

/** A name of a manifest has become the manifest by now, if there is one. */
export const specIn = (deployment: DeploymentInput | string | undefined): DeploymentSpecInput =>
  typeof deployment === "string" ? {} : (deployment?.spec ?? deployment ?? {});

export const statefulSetSpecOf = (statefulSet: StatefulSetInput): StatefulSetSpecInput =>
  statefulSet.spec ?? statefulSet;

/** Where the spec of its Deployment or StatefulSet stands. */
export function deploymentPath({ deployment, statefulSet }: ServiceInput): Path {
  if (statefulSet !== undefined) {
    return statefulSet.spec === undefined ? ["statefulSet"] : ["statefulSet", "spec"];
  }
  return typeof deployment === "string" || deployment?.spec === undefined
    ? ["deployment"]
    : ["deployment", "spec"];
}
