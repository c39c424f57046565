import type { Result, SelectionResult } from "../sim/result/result.ts";
import { latencyText, listText, percentText, shareText, usdText } from "./format.ts";

/** A value of the metric that was chosen by. */
function valueText(metric: SelectionResult["metric"], value: number): string {
  if (metric === "cost") return usdText(value);
  return metric === "failed" || metric === "missed" ? percentText(value) : latencyText(value);
}

/**
 * "Least p95, with a probability of 95 %: scheduled, 139 ms; …"; null where nothing
 * was chosen. Sentences, each for itself.
 */
export function selectionSentences({ selection }: Result): readonly string[] {
  if (selection === undefined) return [];
  const { metric, probability, indifferenceValue, best, policies } = selection;
  const within = `differences below ${valueText(metric, indifferenceValue)} do not matter`;
  const runs = policies.map((one) => `${one.policy} ${one.runs}`);
  const needed = `Runs that it took: ${listText(runs)}.`;
  const chosen = policies.find(({ policy }) => policy === best);
  if (chosen === undefined) {
    const left = policies.filter(({ isOut }) => !isOut).map(({ policy }) => policy);
    return [`Least ${metric}: no choice yet among ${listText(left)}; ${within}.`, needed];
  }
  const chance = shareText(probability);
  const value = chosen.mean === null ? "" : `, ${valueText(metric, chosen.mean)}`;
  return [
    `Least ${metric}, with a probability of ${chance}: ${chosen.policy}${value}; ${within}.`,
    needed,
  ];
}
