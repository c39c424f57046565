import { outlierDetection } from "../../policy/resilience/outlier/outlierDetection.ts";
import type { OutlierDetectionConfig } from "../../policy/resilience/outlier/settings.ts";
import type { ServiceInput } from "../schema/services.ts";
import type { Path } from "../tree.ts";
import type { Context } from "./context.ts";
import { reportConfigProblem } from "./policyUse.ts";

export function normaliseOutlierDetection(
  context: Context,
  input: ServiceInput["outlierDetection"],
  path: Path,
): OutlierDetectionConfig | null {
  if (input === undefined) return null;
  for (const problem of outlierDetection.validate(input)) {
    reportConfigProblem(context, problem, [...path, ...problem.path]);
  }
  return input;
}
