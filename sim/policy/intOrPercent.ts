import { z } from "zod";

/**
 * Kubernetes' IntOrString where it stands for a count or for a share of one: `3`, `"25%"`.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/
 */
export type IntOrPercent = number | string;

const EXPECTED = "a count or a percentage like 25%";
const PERCENT = /^[0-9]+%$/;

export const intOrPercentSchema = z.union([z.int32().nonnegative(), z.string().regex(PERCENT)], {
  error: EXPECTED,
});

/** The percentage's number, or null for a count. */
export const percentOf = (value: IntOrPercent): number | null =>
  typeof value === "number" ? null : Number.parseInt(value, 10);

/**
 * A count as it is, a percentage as that share of `total`. The product comes first, as in
 * Kubernetes: hundredths of whole numbers are then exact whenever the result is whole.
 */
export function scaledValue(
  value: IntOrPercent,
  { total, round }: { readonly total: number; readonly round: "up" | "down" },
): number {
  const percent = percentOf(value);
  if (percent === null) return Number(value);
  const share = (percent * total) / 100;
  return round === "up" ? Math.ceil(share) : Math.floor(share);
}
