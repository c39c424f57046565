import type {
  Comparison,
  DelayChain,
  Estimate,
  PairedDifference,
  PolicyResult,
  Result,
} from "../sim/result/result.ts";
import { canarySentence } from "./canaryWords.ts";
import { costOf } from "./costOf.ts";
import { failureLabel } from "./failureReasons.ts";
import {
  clock,
  fixed,
  instant,
  latencyText,
  listText,
  percentText,
  plain,
  plural,
  secondsText,
  shareText,
  span,
  usdText,
} from "./format.ts";
import { loadSentence, variesLoad } from "./sweepWords.ts";
import { topicFigures } from "./topicWords.ts";

/** Metrics of an objective; `failed` in percent, the others in milliseconds. */
export type LatencyMetric = "mean" | "p50" | "p95" | "p99";

const LATENCY_METRICS: readonly LatencyMetric[] = ["mean", "p50", "p95", "p99"];

/** The latency metric that the objective speaks of first; p95 when it speaks of none. */
export function headlineMetric(result: Result): LatencyMetric {
  const named = result.scenario.objective
    .map((objective) => LATENCY_METRICS.find((metric) => metric === objective.metric))
    .find((metric) => metric !== undefined);
  return named ?? "p95";
}

/** The limit of the headline metric in ms; null when the objective sets none. */
export function headlineLimitMs(result: Result): number | null {
  const metric = headlineMetric(result);
  return result.scenario.objective.find((check) => check.metric === metric)?.limit ?? null;
}

export function latencyEstimate(policy: PolicyResult, metric: LatencyMetric): Estimate | null {
  const { meanMs, p50Ms, p95Ms, p99Ms } = policy.metrics;
  return { mean: meanMs, p50: p50Ms, p95: p95Ms, p99: p99Ms }[metric];
}

/** The two latencies of tables: the headline metric and one further out. */
export function tableMetrics(result: Result): readonly [LatencyMetric, LatencyMetric] {
  const headline = headlineMetric(result);
  return headline === "mean" || headline === "p50" ? [headline, "p95"] : ["p95", "p99"];
}

/** "p95 < 300 ms and failed < 0.1 %"; null when there is no objective. */
export function objectiveText(result: Result): string | null {
  const checks = result.scenario.objective.map(
    (check) => `${check.metric} < ${plain(check.limit)} ${check.unit}`,
  );
  return checks.length === 0 ? null : listText(checks);
}

/** The policy that the comparisons start from; null when nothing is compared. */
export function baselineOf(result: Result): string | null {
  return result.comparisons[0]?.against ?? null;
}

function policyNamed(result: Result, name: string): PolicyResult | null {
  return result.policies.find((policy) => policy.name === name) ?? null;
}

/** How far a policy is from its objective: the worst ratio of a value to its limit. */
function missRatio(policy: PolicyResult): number {
  const ratios = policy.objective.checks.map((check) =>
    check.value === null ? Number.POSITIVE_INFINITY : check.value.mean / check.limit,
  );
  return ratios.length === 0 ? 0 : Math.max(...ratios);
}

/** Those that hold first, the cheapest on top; then those that miss, the nearest on top. */
export function ranked(result: Result): readonly PolicyResult[] {
  const holding = result.policies.filter((policy) => policy.objective.held);
  const missing = result.policies.filter((policy) => !policy.objective.held);
  return [
    ...holding.toSorted((a, b) => costOf(a) - costOf(b)),
    ...missing.toSorted((a, b) => missRatio(a) - missRatio(b)),
  ];
}

/**
 * The cheapest policy that holds the objective; null when none does, none is set, or points of a
 * sweep meet different loads.
 */
export function pickOf(result: Result): PolicyResult | null {
  if (result.scenario.objective.length === 0 || variesLoad(result)) return null;
  const first = ranked(result)[0];
  return first?.objective.held ? first : null;
}

/** A sentence with one name in it that is set off: bold in the terminal, green on the page. */
export interface VerdictSentence {
  readonly before: string;
  readonly policy: string;
  readonly after: string;
}

export function sentenceText({ before, policy, after }: VerdictSentence): string {
  return `${before}${policy}${after}`;
}

function figures(policy: PolicyResult, metric: LatencyMetric): string {
  const value = latencyEstimate(policy, metric);
  const cost = policy.metrics.costUsd;
  const unanswered = policy.topics === undefined ? "no request was answered" : topicFigures(policy);
  const parts = [
    value === null ? unanswered : `${metric} ${latencyText(value.mean)}`,
    ...(cost === null ? [] : [usdText(cost.mean)]),
  ];
  return parts.join(", ");
}

/** What of the objective a policy misses, or its headline: "p95 412 ms and 2.1 % failed". */
function missedFigures(policy: PolicyResult, metric: LatencyMetric): string {
  const missed = policy.objective.checks.filter((check) => !check.held && check.value !== null);
  const parts = missed.map((check) => {
    const mean = check.value?.mean ?? 0;
    return check.unit === "%"
      ? `${percentText(mean)} ${check.metric}`
      : `${check.metric} ${latencyText(mean)}`;
  });
  return parts.length === 0 ? figures(policy, metric) : listText(parts);
}

/** Whether the question was what a rollout policy catches, not which policy holds. */
export function answersCanary({ canary, policies }: Result): boolean {
  return canary !== null && policies.length <= 1;
}

/** The answer in one sentence. */
export function verdictSentence(result: Result): VerdictSentence {
  const metric = headlineMetric(result);
  const best = ranked(result)[0];
  if (answersCanary(result) && result.canary !== null) {
    const { cells, policy } = result.canary;
    const sentence = canarySentence(result.canary, cells[0]?.variant ?? "");
    return { before: "", policy, after: sentence.replace(/^It/, "") };
  }
  if (best === undefined) return { before: "Nothing was run.", policy: "", after: "" };
  if (!result.policies.some(isMeasured)) {
    const sentence = `${NOTHING_MEASURED.replace("n", "N")}.`;
    return { before: sentence, policy: "", after: "" };
  }
  const say = (
    before: string,
    middle: string,
    values = figures(best, metric),
  ): VerdictSentence => ({
    before,
    policy: best.name,
    after: `${middle}: ${values}.`,
  });
  const alone = result.policies.length === 1;
  const cheapest = best.metrics.costUsd === null ? "smallest" : "cheapest";
  if (result.scenario.objective.length === 0) {
    return alone
      ? say("", " has no objective to hold")
      : say("No objective is set; ", ` is ${cheapest}`);
  }
  const holding = result.policies.filter((policy) => policy.objective.held).length;
  if (alone) {
    return holding === 1
      ? say("", " holds the objective")
      : say("", " misses the objective", missedFigures(best, metric));
  }
  const byLoad = loadSentence(result);
  if (byLoad !== null) return { before: byLoad, policy: "", after: "" };
  if (holding === 0) {
    return say("No policy holds the objective; ", " comes closest", missedFigures(best, metric));
  }
  if (holding === 1) return say("", " is the only policy that holds the objective");
  return say("", ` is the ${cheapest} policy that holds the objective`);
}

/** The chain that matters most of a policy: the longest. */
function mainChain(policy: PolicyResult): DelayChain | null {
  return (
    policy.delayChains.toSorted((a, b) => b.wholeSeconds.mean - a.wholeSeconds.mean)[0] ?? null
  );
}

export type DelayLink = DelayChain["links"][number];

/** The link that costs most of a delay; null when none costs a third of the whole. */
export function dominantLink(chain: DelayChain): DelayLink | null {
  const longest = chain.links.toSorted((a, b) => b.seconds - a.seconds)[0];
  if (longest === undefined) return null;
  return longest.seconds >= chain.wholeSeconds.mean / 3 ? longest : null;
}

function dominantText(chain: DelayChain): string | null {
  const link = dominantLink(chain);
  if (link === null) return null;
  const whole = secondsText(chain.wholeSeconds.mean);
  const own = link.group === "deciding" ? "its own " : "";
  const part = `${secondsText(link.seconds)} are ${own}${link.link}`;
  return `of the ${whole} it needs to catch up, ${part} (${link.setting})`;
}

/** The policy whose failing explains the verdict: the baseline when it misses, or the worst. */
function culpritOf(result: Result): PolicyResult | null {
  const missing = result.policies.filter((policy) => !policy.objective.held);
  const baseline = missing.find((policy) => policy.name === baselineOf(result));
  return baseline ?? missing.toSorted((a, b) => missRatio(b) - missRatio(a))[0] ?? null;
}

/** Why the objective is missed, when the delay chain shows it or failures have one reason. */
export function causeSentence(result: Result): string | null {
  const culprit = culpritOf(result);
  if (culprit === null) return null;
  const failed = culprit.metrics.failedPercent.mean;
  const fails = failed >= 0.005 ? ` fails ${percentText(failed)} of all requests` : null;
  const chain = mainChain(culprit);
  const dominant = chain === null ? null : dominantText(chain);
  if (dominant !== null) {
    return `${culprit.name}${fails ?? " is late"}: ${dominant}.`;
  }
  const total = Object.values(culprit.failures).reduce((sum, count) => sum + count, 0);
  const [reason, count] =
    Object.entries(culprit.failures).toSorted(([, a], [, b]) => b - a)[0] ?? [];
  if (fails === null || reason === undefined || count === undefined || total === 0) return null;
  const share = fixed((100 * count) / total, 0);
  return `${culprit.name}${fails}; ${share} % of the failures are ${failureLabel(reason)}.`;
}

/** What the choice costs beside the next best, and why the others fail. */
export function verdictDetails(result: Result): readonly string[] {
  const pick = pickOf(result);
  const next = ranked(result)[1];
  const sentences: string[] = [];
  const cost = pick?.metrics.costUsd?.mean;
  const nextCost = next?.metrics.costUsd?.mean;
  if (pick && next?.objective.held && cost !== undefined && nextCost !== undefined) {
    const saved = nextCost > 0 ? (100 * (nextCost - cost)) / nextCost : 0;
    sentences.push(
      saved >= 0.05
        ? `It costs ${percentText(saved)} less than ${next.name}, which holds the objective too.`
        : `It costs as much as ${next.name}, which holds the objective too.`,
    );
  }
  const cause = causeSentence(result);
  return cause === null ? sentences : [...sentences, cause];
}

/** The part a policy plays beside the others, in a few words. */
export function roleOf(policy: PolicyResult, result: Result): string {
  if (result.policies.length < 2) return "";
  const baseline = policy.name === baselineOf(result) ? "baseline" : "";
  const pick = pickOf(result);
  if (pick === null || !policy.objective.held) return baseline;
  const priced = policy.metrics.costUsd !== null;
  const others = result.policies.filter((other) => other.objective.held).length > 1;
  const holding = priced ? "cheapest that holds" : "smallest that holds";
  const role = policy.name === pick.name ? (others ? holding : "holds alone") : "holds, dearer";
  return baseline === "" ? role : `${role}; ${baseline}`;
}

/** Whether any request came in the measured time: without one nothing is known. */
export const isMeasured = ({ replications }: PolicyResult): boolean =>
  replications.some(
    ({ requests, topics = [] }) => requests > 0 || topics.some(({ published }) => published > 0),
  );

export const NOTHING_MEASURED = "nothing was measured: no request came in the measured time";

/** "✓ held" and its like are a word with a sign. */
export function statusText(policy: PolicyResult): string {
  if (!isMeasured(policy)) return "not measured";
  return policy.objective.held ? "✓ held" : "✗ missed";
}

/** The verdict of a paired difference: the same words everywhere. */
export function differenceWords(difference: PairedDifference): string {
  return difference.verdict === "no difference shown"
    ? `no difference shown (n = ${difference.n})`
    : difference.verdict;
}

/** "± from 20 batches of 30 s of one run, lag-1 correlation 0.04 (p = 0.43)"; null without. */
export function batchText({ policies }: Result): string | null {
  const batches = policies[0]?.batchMeans;
  if (batches === undefined) return null;
  const { count, seconds, lag1, pValue } = batches;
  const correlation = `lag-1 correlation ${fixed(lag1, 2)} (p = ${fixed(pValue, 2)})`;
  return `± from ${count} batches of ${secondsText(seconds)} of one run, ${correlation}`;
}

/** "warm-up 40 s, by MSER-5 in 5 pilots of 5 min"; null where it was given. */
export function warmUpText({ scenario: { warmUp } }: Result): string | null {
  if (warmUp === undefined) return null;
  const { rule, pilots, pilotSeconds, cutSeconds, longest } = warmUp;
  const found = `by ${rule} in ${plural(pilots, "pilot")} of ${span(pilotSeconds)}`;
  return `warm-up ${span(cutSeconds)}, ${found} (${longest.series} of ${longest.policy})`;
}

/** "runs until each ± was within 2 %: p95 of hpa ± 1.9 %"; null where their number was given. */
export function stoppingText({ stopping }: Result): string | null {
  if (stopping === undefined) return null;
  const { untilWidth, widest, isReached } = stopping;
  const width = widest.width === null ? "not known" : `± ${percentText(100 * widest.width)}`;
  const until = `each ± ${isReached ? "was" : "should be"} within ${percentText(100 * untilWidth)}`;
  return `runs until ${until}; the widest is ${widest.metric} of ${widest.policy}, ${width}`;
}

/** That verdicts are held to more than each interval alone; null for a single comparison. */
export function adjustmentText({ comparisons }: Result): string | null {
  const isAdjusted = comparisons.some(({ differences }) =>
    Object.values(differences).some((difference) => difference?.adjustedPValue !== undefined),
  );
  if (!isAdjusted) return null;
  return `verdicts adjusted for ${comparisons.length} comparisons (Benjamini–Hochberg)`;
}

function flipped(difference: PairedDifference | null): PairedDifference | null {
  if (difference === null) return null;
  const { mean, low, high, verdict } = difference;
  const opposite = { better: "worse", worse: "better" } as const;
  return {
    ...difference,
    mean: -mean,
    low: high === null ? null : -high,
    high: low === null ? null : -low,
    verdict: verdict === "no difference shown" ? verdict : opposite[verdict],
  };
}

/** The comparison of two policies, turned round when it was made the other way. */
export function comparisonOf(result: Result, policy: string, against: string): Comparison | null {
  const { comparisons } = result;
  const direct = comparisons.find((pair) => pair.policy === policy && pair.against === against);
  if (direct !== undefined) return direct;
  const reverse = comparisons.find((pair) => pair.policy === against && pair.against === policy);
  if (reverse === undefined) return null;
  const { p95Ms, p99Ms, failedPercent, costUsd, missedPercent } = reverse.differences;
  return {
    policy,
    against,
    differences: {
      p95Ms: flipped(p95Ms),
      p99Ms: flipped(p99Ms),
      failedPercent: flipped(failedPercent),
      costUsd: flipped(costUsd),
      ...(missedPercent === undefined ? {} : { missedPercent: flipped(missedPercent) }),
    },
  };
}

/** The pick beside the next policy that holds, unless that is the baseline of the table. */
export function runnerUpComparison(result: Result): Comparison | null {
  const pick = pickOf(result);
  const next = ranked(result)[1];
  if (pick === null || !next?.objective.held || next.name === baselineOf(result)) return null;
  return comparisonOf(result, pick.name, next.name);
}

/** Members of the front, the cheapest first. */
export function frontOf(result: Result): readonly PolicyResult[] {
  return result.policies
    .filter((policy) => result.front.includes(policy.name))
    .toSorted((a, b) => costOf(a) - costOf(b));
}

export type WorstMinute = NonNullable<PolicyResult["replications"][number]["worstMinute"]>;

/** The worst minute of all replications of a policy. */
export function worstMinuteOf(policy: PolicyResult): WorstMinute | null {
  const minutes = policy.replications
    .map((replication) => replication.worstMinute)
    .filter((minute) => minute !== null);
  const order = (a: WorstMinute, b: WorstMinute): number =>
    (b.p95Ms ?? Number.POSITIVE_INFINITY) - (a.p95Ms ?? Number.POSITIVE_INFINITY) ||
    b.failedPercent - a.failedPercent;
  return minutes.toSorted(order)[0] ?? null;
}

export function worstMinuteText(minute: WorstMinute): string {
  const latency = minute.p95Ms === null ? "no answer" : `p95 ${latencyText(minute.p95Ms)}`;
  const failed =
    minute.failedPercent >= 0.005 ? `, ${percentText(minute.failedPercent)} failed` : "";
  return `worst minute ${instant(minute.startSeconds)}, ${latency}${failed}`;
}

/** "30 min, 4 policies × 20 runs, seed 20261127". */
export function setupText(result: Result): string {
  const { durationSeconds, seed } = result.scenario;
  const runs = runsOf(result);
  const policies = plural(result.policies.length, "policy", "policies");
  return `${span(durationSeconds)}, ${policies} × ${plural(runs, "run")}, seed ${seed}`;
}

/** Replications per policy. */
export function runsOf(result: Result): number {
  return Math.max(0, ...result.policies.map((policy) => policy.replications.length));
}

/** "hours" of an interval: "95 %"; the level of the result. */
export function levelText(result: Result): string {
  return shareText(result.level);
}

/** Gains of less than this, in seconds, are not worth a setting. */
const GAIN_WORTH_NAMING = 1;

/** Which links of a delay chain gain most when halved, as run; null when none was run. */
export function gainSentence(chain: DelayChain): string | null {
  const whole = chain.wholeSeconds.mean;
  const gains = chain.links.flatMap(({ link, halvedWholeSeconds }) =>
    halvedWholeSeconds === null ? [] : [{ link, gain: whole - halvedWholeSeconds }],
  );
  if (gains.length === 0) return null;
  const worth = gains
    .filter(({ gain }) => gain >= GAIN_WORTH_NAMING)
    .sort((a, b) => b.gain - a.gain)
    .map(({ link, gain }) => `${link} would gain ${secondsText(gain)}`);
  const start = `${chain.service} took ${secondsText(whole)} to catch up. `;
  if (worth.length === 0) return `${start}Halving any one link would gain nothing.`;
  return `${start}Halved, ${worth.join(", ")}; the other links nothing.`;
}

/** How a claim fared, policy by policy; those without a scaler say little and come last. */
export function claimSentences(claim: Result["claims"][number]): readonly string[] {
  const late = claim.policies.filter((policy) => !policy.kept);
  const kept = claim.policies.filter((policy) => policy.kept);
  const sentences = late.map(({ policy, seconds, reachedIn }) => {
    if (seconds === null || reachedIn === 0) return `${policy} never has ${claim.to} ready.`;
    const { low, high, mean } = seconds;
    const narrow = low === null || high === null || high - low < 0.5;
    const interval = narrow ? "" : ` [${clock(low)}, ${clock(high)}]`;
    return `${policy} takes ${clock(mean)}${interval}.`;
  });
  const names = listText(kept.map((policy) => policy.policy));
  const verb = kept.length === 1 ? "keeps" : "keep";
  return [...sentences, kept.length === 0 ? "No policy keeps it." : `${names} ${verb} it.`];
}

/** Which link of the delay broke the claim, policy by policy; null when none stands out. */
export function claimBlame(result: Result, claim: Result["claims"][number]): string | null {
  const parts = claim.policies.flatMap(({ policy, kept }): readonly string[] => {
    const found = kept ? null : policyNamed(result, policy);
    const chain = found === null ? null : mainChain(found);
    const link = chain === null ? null : dominantLink(chain);
    if (chain === null || link === null) return [];
    const owner = link.group === "deciding" ? "its " : "";
    const share = `${secondsText(link.seconds)} of the ${secondsText(chain.wholeSeconds.mean)}`;
    return [`${share} with ${policy} are ${owner}${link.link}`];
  });
  return parts.length === 0 ? null : `${listText(parts)}.`;
}

/** When the claimed replicas were ready: "10:21", "before", "never". */
export function reachedText(seconds: number | null, reachedIn: number): string {
  if (seconds === null || reachedIn === 0) return "never";
  return seconds < 0.5 ? "before" : clock(seconds);
}
