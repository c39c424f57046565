import type { Json } from "../../../sim/kernel/json.ts";
import { thresholdDifferences } from "./breakerThreshold.ts";
import { evaluated, type GroupRunner } from "./group.ts";

type CaseRunner = (testCase: Json) => readonly string[];

/** Circuit breakers and outlier ejection, call by call: test/conformance/README.md. */
export const breakerGroup: GroupRunner = ({ content: { model }, cases }) => {
  const run = MODELS.get(String(model)) ?? unknownModel(String(model));
  return cases.map((testCase, index) => evaluated(testCase, index, run));
};

const MODELS: ReadonlyMap<string, CaseRunner> = new Map([
  ["threshold-breaker", thresholdDifferences],
]);

const unknownModel = (model: string) => () => [
  `model ${model} is none of ${[...MODELS.keys()].join(", ")}`,
];
