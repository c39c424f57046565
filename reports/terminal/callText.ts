import type { PolicyResult } from "../../sim/result/result.ts";
import { fixed } from "../format.ts";
import type { Line } from "./textStyle.ts";

type Counts = NonNullable<PolicyResult["replications"][number]["calls"]>[number];

/** Services that are told of in a row: the ones with the most. */
const SHOWN = 3;

/** What `run` shows of retries and copies: their share of the calls that reached each service. */
export function callRows({ replications }: PolicyResult): readonly (readonly Line[])[] {
  const row = (label: string, read: (counts: Counts) => number): readonly (readonly Line[])[] => {
    const shares = shareByService(replications, read).toSorted((a, b) => b.share - a.share);
    if (shares.length === 0) return [];
    const cells = shares
      .slice(0, SHOWN)
      .map(({ service, share }): Line => [`${service} ${fixed(100 * share, 1)} %`]);
    return [[[label], ...cells]];
  };
  return [
    ...row("retries", ({ retries }) => retries),
    ...row("hedges", ({ hedges }) => hedges),
    ...row("fallbacks", ({ fallbacks }) => fallbacks),
  ];
}

function shareByService(
  replications: PolicyResult["replications"],
  read: (counts: Counts) => number,
): readonly { readonly service: string; readonly share: number }[] {
  const sums = new Map<string, { count: number; attempts: number }>();
  for (const counts of replications.flatMap(({ calls = [] }) => calls)) {
    const sum = sums.get(counts.service) ?? { count: 0, attempts: 0 };
    sum.count += read(counts);
    sum.attempts += counts.attempts;
    sums.set(counts.service, sum);
  }
  return [...sums]
    .filter(([, { count }]) => count > 0)
    .map(([service, { count, attempts }]) => ({ service, share: count / Math.max(attempts, 1) }));
}
