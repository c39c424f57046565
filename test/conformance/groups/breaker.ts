import type { Json } from "../../../sim/kernel/json.ts";
import { opossumDifferences } from "./breakerOpossum.ts";
import { outlierDifferences } from "./breakerOutlier.ts";
import { resilience4jDifferences } from "./breakerResilience4j.ts";
import { thresholdDifferences } from "./breakerThreshold.ts";
import { evaluated, type GroupRunner, type JsonObject } from "./group.ts";

type CaseRunner = (testCase: Json, file: JsonObject) => readonly string[];

/** Circuit breakers and outlier ejection, call by call: test/conformance/README.md. */
export const breakerGroup: GroupRunner = ({ content, cases }) => {
  const model = content["model"];
  const run = MODELS.get(String(model)) ?? unknownModel(String(model));
  return cases.map((testCase, index) => evaluated(testCase, index, (one) => run(one, content)));
};

const MODELS: ReadonlyMap<string, CaseRunner> = new Map([
  ["envoy-outlier", outlierDifferences],
  ["opossum", opossumDifferences],
  ["resilience4j", resilience4jDifferences],
  ["threshold-breaker", thresholdDifferences],
]);

const unknownModel = (model: string) => () => [
  `model ${model} is none of ${[...MODELS.keys()].join(", ")}`,
];
