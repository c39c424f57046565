import type {
  Estimate,
  PairedDifference,
  PolicyResult,
  Result,
} from "../../../sim/result/result.ts";
import {
  decimalsFor,
  fixed,
  millisecondDecimals,
  milliseconds,
  percentDecimals,
  percentText,
  signed,
  signedUsd,
  span,
  usdText,
} from "../../format.ts";
import { isAboutTopics, longTime, makespanSeconds, worstMissed } from "../../topicWords.ts";
import {
  baselineOf,
  comparisonOf,
  type LatencyMetric,
  latencyEstimate,
  levelText,
  objectiveText,
  pickOf,
  ranked,
  roleOf,
  runnerUpComparison,
  runsOf,
  statusText,
  tableMetrics,
} from "../../verdict.ts";
import { html, nothing, type SafeHtml } from "../html.ts";
import type { Section } from "./shared.ts";

export function verdictSection(result: Result): Section {
  return {
    id: "verdict",
    short: "Verdict",
    title: "Verdict",
    lead: leadHtml(result),
    body: html`${tableOf(result)}
${runnerUpHtml(result)}`,
  };
}

function leadHtml(result: Result): SafeHtml {
  const objective = objectiveText(result);
  const time = span(result.scenario.durationSeconds);
  const over = isAboutTopics(result)
    ? `of the messages of the ${time} that were due.`
    : `over all requests of the ${time}, from intended start, queueing included.`;
  return objective === null
    ? html`No objective is set; figures are ${over}`
    : html`Objective: ${objective}, ${over}`;
}

function captionText(result: Result): string {
  const runs = runsOf(result);
  const baseline = baselineOf(result);
  const means =
    runs < 2
      ? "One replication, so there is no interval"
      : `Mean of ${runs} replications with ${levelText(result)} interval`;
  return baseline === null
    ? `${means}.`
    : `${means}; below it the paired difference from the baseline ${baseline}.`;
}

function tableOf(result: Result): SafeHtml {
  const metrics = isAboutTopics(result) ? [] : tableMetrics(result);
  const heads = [
    ...(objectiveText(result) === null ? [] : ["objective"]),
    ...(isAboutTopics(result)
      ? ["missed deadlines", "makespan"]
      : [...metrics.map((metric) => `${metric} latency`), "failed requests"]),
    `cost, ${span(result.scenario.durationSeconds)}`,
  ];
  const rows = ranked(result).map((policy) => rowOf(result, policy, metrics));
  return html`<table class="verdict"><caption>${captionText(result)}</caption><thead><tr>
<th scope="col">policy</th>${heads.map((head) => html`<th scope="col">${head}</th>`)}
</tr></thead><tbody>
${rows}</tbody></table>`;
}

function rowOf(result: Result, policy: PolicyResult, metrics: readonly LatencyMetric[]): SafeHtml {
  const role = roleOf(policy, result) || policy.about;
  const small = role === "" ? nothing : html`<small>${role}</small>`;
  const picked = result.policies.length > 1 && pickOf(result)?.name === policy.name;
  const pick = picked ? html` class="pick"` : nothing;
  return html`<tr${pick}><th scope="row">${policy.name}${small}</th>
${statusCell(result, policy)}${metrics.map((metric) => latencyCell(result, policy, metric))}
${isAboutTopics(result) ? topicCells(result, policy) : failedCell(result, policy)}
${costCell(result, policy)}</tr>
`;
}

function statusCell(result: Result, policy: PolicyResult): SafeHtml {
  if (objectiveText(result) === null) return nothing;
  const { held, heldIn, of } = policy.objective;
  const kind = held ? "good" : "bad";
  return html`<td data-l="Objective"><span class="v ${kind}">${statusText(policy)}</span>
<span class="i">in ${heldIn} of ${of}</span></td>`;
}

function intervalText({ low, high }: Estimate, decimals: number): string | null {
  return low === null || high === null
    ? null
    : `[${fixed(low, decimals)}, ${fixed(high, decimals)}]`;
}

interface CellParts {
  readonly label: string;
  readonly value: string;
  readonly beside: string | null;
  readonly difference: SafeHtml;
}

function cell({ label, value, beside, difference }: CellParts): SafeHtml {
  const interval = beside === null ? nothing : html`<span class="i">${beside}</span>`;
  return html`<td data-l="${label}"><span class="v">${value}</span>${interval}${difference}</td>`;
}

/** "−1738 ms [−1742, −1734] better"; without an interval there is no verdict to give. */
function differenceHtml(
  difference: PairedDifference | null | undefined,
  show: (value: number) => string,
  bound: (value: number) => string,
): SafeHtml {
  if (difference === null || difference === undefined) return nothing;
  const { mean, low, high, n, verdict } = difference;
  if (low === null || high === null)
    return html`<span class="d"><span class="n">${show(mean)}</span></span>`;
  const kind = { better: "good", worse: "bad", "no difference shown": "none" }[verdict];
  const words = verdict === "no difference shown" ? `${verdict} (n = ${n})` : verdict;
  const interval = `[${bound(low)}, ${bound(high)}]`;
  return html`<span class="d"><span class="n">${show(mean)}</span>
<span class="ii">${interval}</span>
<b class="w ${kind}">${words}</b></span>`;
}

function differencesOf(result: Result, policy: PolicyResult) {
  const baseline = baselineOf(result);
  if (baseline === null || baseline === policy.name) return null;
  return comparisonOf(result, policy.name, baseline)?.differences ?? null;
}

function latencyDifference(difference: PairedDifference | null | undefined): SafeHtml {
  const decimals = Math.abs(difference?.mean ?? 0) < 9.95 ? 1 : 0;
  const bound = (value: number): string => signed(value, decimals);
  return differenceHtml(difference, (value) => `${bound(value)} ms`, bound);
}

function latencyCell(result: Result, policy: PolicyResult, metric: LatencyMetric): SafeHtml {
  const estimate = latencyEstimate(policy, metric);
  if (estimate === null) {
    return cell({ label: metric, value: "–", beside: "no answer", difference: nothing });
  }
  const differences = differencesOf(result, policy);
  const known = { p95: differences?.p95Ms, p99: differences?.p99Ms, mean: null, p50: null };
  return cell({
    label: metric,
    value: milliseconds(estimate.mean),
    beside: intervalText(estimate, millisecondDecimals(estimate.mean)),
    difference: latencyDifference(known[metric]),
  });
}

function failedDifference(difference: PairedDifference | null | undefined): SafeHtml {
  const ends = difference ? [difference.low, difference.high, difference.mean] : [];
  const decimals = decimalsFor(ends, { least: 1, most: 2 });
  const bound = (value: number): string => signed(value, decimals);
  return differenceHtml(difference, (value) => `${bound(value)} pp`, bound);
}

/** Of messages: deadlines that were missed, and when all batches were done. */
function topicCells(result: Result, policy: PolicyResult): SafeHtml {
  const missed = worstMissed(policy);
  const whole = makespanSeconds(policy);
  const decimals = missed === null ? 1 : percentDecimals(missed.mean);
  return html`${cell({
    label: "Missed",
    value: missed === null ? "–" : percentText(missed.mean),
    beside: missed === null ? null : intervalText(missed, decimals),
    difference: failedDifference(differencesOf(result, policy)?.missedPercent),
  })}${cell({ label: "Makespan", value: longTime(whole), beside: null, difference: nothing })}`;
}

function failedCell(result: Result, policy: PolicyResult): SafeHtml {
  const failed = policy.metrics.failedPercent;
  const decimals = decimalsFor([failed.low, failed.high], {
    least: percentDecimals(failed.mean),
    most: 3,
  });
  return cell({
    label: "Failed",
    value: percentText(failed.mean),
    beside: intervalText(failed, decimals),
    difference: failedDifference(differencesOf(result, policy)?.failedPercent),
  });
}

function costDifference(difference: PairedDifference | null | undefined): SafeHtml {
  const ends = difference ? [difference.low, difference.high] : [];
  const decimals = decimalsFor(ends, { least: 2, most: 3 });
  const show = (value: number): string => signedUsd(value, decimals);
  return differenceHtml(difference, show, (value) => signed(value, decimals));
}

function costCell(result: Result, policy: PolicyResult): SafeHtml {
  const { costUsd, replicaHours } = policy.metrics;
  const hours = `${fixed(replicaHours.mean, replicaHours.mean < 9.95 ? 2 : 1)} replica-hours`;
  return cell({
    label: "Cost",
    value: costUsd === null ? "–" : usdText(costUsd.mean),
    beside: hours,
    difference: costDifference(differencesOf(result, policy)?.costUsd),
  });
}

/** The pick beside the next policy that holds: is it really cheaper, and as fast? */
function runnerUpHtml(result: Result): SafeHtml {
  const pair = runnerUpComparison(result);
  if (pair === null || runsOf(result) < 2) return nothing;
  const { p95Ms, costUsd } = pair.differences;
  const parts = [
    ...(p95Ms === null ? [] : [html`p95 ${latencyDifference(p95Ms)}`]),
    ...(costUsd === null ? [] : [html`; cost ${costDifference(costUsd)}`]),
  ];
  return html`<p class="note">${pair.policy} against ${pair.against}: ${parts}.</p>`;
}
