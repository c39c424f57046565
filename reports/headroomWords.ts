import type { Estimate, HeadroomResult, Result } from "../sim/result/result.ts";
import { decimalsFor, fixed, plain } from "./format.ts";
import { objectiveText, type VerdictSentence } from "./verdict.ts";

type PolicyHeadroom = HeadroomResult["policies"][number];

/** The policies with the most headroom first. */
export const rankedHeadroom = ({ policies }: HeadroomResult): readonly PolicyHeadroom[] =>
  policies.toSorted((a, b) => b.factor.mean - a.factor.mean);

/** A factor as a rate where all traffic is open, as users where all of it is closed. */
function scaled(
  { peakRps, users }: HeadroomResult,
  factor: Estimate,
): { readonly estimate: Estimate; readonly unit: string } {
  const [size, unit] = peakRps === null ? [users, "users"] : [peakRps, "rps"];
  const times = (value: number | null): number | null => (value === null ? null : value * size);
  const { mean, low, high, n } = factor;
  return { estimate: { mean: mean * size, low: times(low), high: times(high), n }, unit };
}

/** Nothing was scaled but messages of topics, which have no one rate. */
const isOfMessages = ({ peakRps, users }: HeadroomResult): boolean =>
  peakRps === null && users === 0;

/** Figures with as many decimals as their interval is worth. */
export function plusMinusText({ mean, low, high }: Estimate, most: number): string {
  if (low === null || high === null || low === high) return trimmed(mean, most);
  const half = (high - low) / 2;
  const decimals = decimalsFor([half], { least: half >= 9.5 ? 0 : 1, most });
  return `${fixed(mean, decimals)} ± ${fixed(half, decimals)}`;
}

const trimmed = (value: number, decimals: number): string =>
  plain(Number(value.toFixed(value >= 100 ? 0 : decimals)));

/** "1010 ± 20 rps", "more than 4000 rps", "none". */
export function headroomText(headroom: HeadroomResult, policy: PolicyHeadroom): string {
  if (policy.factor.mean === 0) return "no traffic";
  const { estimate, unit } = isOfMessages(headroom)
    ? { estimate: policy.factor, unit: "× the messages" }
    : scaled(headroom, policy.factor);
  const text = `${plusMinusText(estimate, 1)} ${unit}`;
  return policy.unlimited > 0 ? `more than ${text}` : text;
}

/** "the CPU of product"; null where nothing that is watched was full. */
export function bottleneckText({ bottleneck }: PolicyHeadroom): string | null {
  if (bottleneck === null) return null;
  const resource = bottleneck.resource === "cpu" ? "CPU" : bottleneck.resource;
  return `the ${resource} of ${bottleneck.service} (${fixed(bottleneck.busyPercent, 0)} % busy)`;
}

/** The answer in one sentence. */
export function headroomSentence(result: Result, headroom: HeadroomResult): VerdictSentence {
  const best = rankedHeadroom(headroom)[0];
  if (best === undefined) return { before: "Nothing was run.", policy: "", after: "" };
  const objective = objectiveText(result) ?? "the objective";
  if (best.factor.mean === 0) {
    const after = ` does not hold ${objective} at any traffic.`;
    return { before: "", policy: best.policy, after };
  }
  const most = headroom.policies.length > 1 ? " longest" : "";
  const times = `${plusMinusText(best.factor, 2)} times this scenario's traffic`;
  const bottleneck = bottleneckText(best);
  const then = bottleneck === null || best.unlimited > 0 ? "" : `, then ${bottleneck} is the limit`;
  const upTo = isOfMessages(headroom)
    ? `up to ${plusMinusText(best.factor, 2)} times this scenario's messages`
    : `up to ${headroomText(headroom, best)}, ${times}`;
  return { before: "", policy: best.policy, after: ` holds ${objective}${most}: ${upTo}${then}.` };
}

/** How the figures came about. */
export function headroomNote(headroom: HeadroomResult): string {
  const { within } = headroom;
  const percent = plain(Number((100 * within).toPrecision(3)));
  return (
    (isOfMessages(headroom)
      ? "streams and batches of messages are scaled as a whole; "
      : "rates are the peak of all open traffic together, scaled as a whole; ") +
    `each run was searched by itself to ${percent} %`
  );
}
