import type { Estimate, PolicyResult, Result } from "../sim/result/result.ts";
import { doubtsOf } from "./doubts.ts";
import { fixed, millisecondDecimals, percentDecimals, plural, usdText } from "./format.ts";
import { reproduceCommand } from "./reproduce.ts";
import { selectionSentences } from "./selectionWords.ts";
import { isAboutTopics, longTime, makespanSeconds, worstMissed } from "./topicWords.ts";
import {
  adjustmentText,
  baselineOf,
  batchText,
  comparisonOf,
  differenceWords,
  latencyEstimate,
  levelText,
  objectiveText,
  ranked,
  runsOf,
  statusText,
  tableMetrics,
  verdictDetails,
  verdictSentence,
} from "./verdict.ts";

/** Text of a file as Markdown text: no markup, no table cell, no HTML of its own. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, " ")
    .replace(/[\\`*_{}[\]<>#!|~@]/g, (sign) => `\\${sign}`);
}

/** The answer as Markdown, for a pull request or a wiki: verdict, table, how sure. */
export function resultMarkdown(result: Result): string {
  const { before, policy, after } = verdictSentence(result);
  const answer = `${escapeMarkdown(before)}**${escapeMarkdown(policy)}**${escapeMarkdown(after)}`;
  const sentences = [...verdictDetails(result), ...selectionSentences(result)];
  const details = sentences.map(escapeMarkdown);
  const warnings = doubtsOf(result).map((warning) => `- ${escapeMarkdown(warning)}`);
  const parts = [
    `### ${escapeMarkdown(result.scenario.title)}`,
    [answer, ...details].join(" "),
    ...(result.policies.length === 0 ? [] : [table(result)]),
    ...(warnings.length === 0 ? [] : [`How much to trust this:\n\n${warnings.join("\n")}`]),
    sureText(result),
  ];
  return `${parts.join("\n\n")}\n`;
}

function withInterval(estimate: Estimate | null, decimals: number, unit: string): string {
  if (estimate === null) return "–";
  const { low, high, mean } = estimate;
  const value = `${fixed(mean, decimals)} ${unit}`;
  if (low === null || high === null) return value;
  return `${value} [${fixed(low, decimals)}, ${fixed(high, decimals)}]`;
}

function latencyCell(estimate: Estimate | null): string {
  return withInterval(estimate, millisecondDecimals(estimate?.mean ?? 0), "ms");
}

function row(result: Result, policy: PolicyResult): string {
  const { metrics } = policy;
  const latencies = tableMetrics(result).map((metric) =>
    latencyCell(latencyEstimate(policy, metric)),
  );
  const missed = worstMissed(policy);
  const cells = [
    escapeMarkdown(policy.name),
    objectiveText(result) === null ? "–" : statusText(policy),
    ...(isAboutTopics(result)
      ? [withInterval(missed, percentDecimals(missed?.mean ?? 0), "%"), wholeText(policy)]
      : [
          ...latencies,
          withInterval(metrics.failedPercent, percentDecimals(metrics.failedPercent.mean), "%"),
        ]),
    metrics.costUsd === null ? "–" : usdText(metrics.costUsd.mean),
    comparedText(result, policy),
  ];
  return `| ${cells.join(" | ")} |`;
}

const wholeText = (policy: PolicyResult): string => longTime(makespanSeconds(policy));

/** "p95 better, cost worse" against the baseline. */
function comparedText(result: Result, policy: PolicyResult): string {
  const baseline = baselineOf(result);
  if (baseline === null) return "–";
  if (baseline === policy.name) return "baseline";
  const differences = comparisonOf(result, policy.name, baseline)?.differences;
  const named = [
    ["missed", differences?.missedPercent],
    ["p95", differences?.p95Ms],
    ["failed", differences?.failedPercent],
    ["cost", differences?.costUsd],
  ] as const;
  const words = named.flatMap(([name, difference]) =>
    difference ? [`${name} ${differenceWords(difference)}`] : [],
  );
  return words.length === 0 ? "–" : words.join(", ");
}

function table(result: Result): string {
  const figures = isAboutTopics(result)
    ? ["missed deadlines", "makespan"]
    : [...tableMetrics(result), "failed"];
  const heads = ["policy", "objective", ...figures, "cost", "against the baseline"];
  const rows = ranked(result).map((policy) => row(result, policy));
  const head = `| ${heads.join(" | ")} |`;
  const aligned = ["---", "---", ...figures.map(() => "--:"), "--:", "---"];
  return [head, `| ${aligned.join(" | ")} |`, ...rows].join("\n");
}

function sureText(result: Result): string {
  const runs = runsOf(result);
  const single = batchText(result) ?? "no interval from one run";
  const interval = runs < 2 ? single : `${levelText(result)} intervals`;
  const adjustment = adjustmentText(result);
  const adjusted = adjustment === null ? "" : `${adjustment}, `;
  const objective = objectiveText(result);
  const lines = [
    ...(objective === null ? [] : [`Objective: ${escapeMarkdown(objective)}.`]),
    `${plural(runs, "replication")} per policy, ${interval}, ${adjusted}` +
      `seed ${result.scenario.seed}, digest \`${result.digest.replaceAll("`", "")}\`.`,
  ];
  return `<details><summary>How sure, and how to repeat it</summary>

${lines.join("\n")}

    ${reproduceCommand(result).replace(/\p{Cc}/gu, " ")}

</details>`;
}
