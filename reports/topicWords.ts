import type { PolicyResult, Result, TopicSummary } from "../sim/result/result.ts";
import { clock, percentText } from "./format.ts";

/** Whether everything that was measured are messages of topics: no request came at all. */
export function isAboutTopics({ policies }: Result): boolean {
  const topics = policies.flatMap((policy) => policy.topics ?? []);
  const requests = policies.flatMap(({ replications }) => replications.map((one) => one.requests));
  return topics.length > 0 && requests.every((count) => count === 0);
}

/** Hours and minutes of a long time: "3:12:05"; "–" where it is not known. */
export const longTime = (seconds: number | null | undefined): string =>
  seconds === null || seconds === undefined ? "–" : clock(seconds);

/** Of the batches of all groups, the longest; null when some were never done. */
export function makespanSeconds({ topics = [] }: PolicyResult): number | null {
  const spans = topics.map(({ makespanSeconds: whole }) => whole?.mean ?? null);
  return spans.reduce<number | null>(
    (last, whole) => (last === null || whole === null ? null : Math.max(last, whole)),
    0,
  );
}

/** Percent of the messages that missed their deadline, of the group where most did. */
export function worstMissed({ topics = [] }: PolicyResult): TopicSummary["missedPercent"] {
  const known = topics.map(({ missedPercent }) => missedPercent).filter((one) => one !== null);
  return known.toSorted((a, b) => b.mean - a.mean)[0] ?? null;
}

/** "12.1 % missed their deadline, makespan 3:12:05". */
export function topicFigures(policy: PolicyResult): string {
  const missed = worstMissed(policy);
  const whole = makespanSeconds(policy);
  const parts = [
    ...(missed === null ? [] : [`${percentText(missed.mean)} missed their deadline`]),
    ...(whole === null ? [] : [`makespan ${clock(whole)}`]),
  ];
  return parts.join(", ");
}
