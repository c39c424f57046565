import type { PolicyResult } from "../../sim/result/result.ts";
import { millisecondDecimals } from "../format.ts";
import { type LatencyMetric, latencyEstimate } from "../verdict.ts";
import { estimateColumn } from "./estimates.ts";
import type { Column } from "./table.ts";
import type { Line } from "./textStyle.ts";

/** A column of a table with the cells of its rows. */
export interface FigureColumn {
  readonly column: Column;
  readonly cells: readonly Line[];
}

interface FigureOptions {
  readonly intervals: boolean;
}

export function latencyColumn(
  policies: readonly PolicyResult[],
  metric: LatencyMetric,
  { intervals }: FigureOptions,
): FigureColumn {
  const estimates = policies.map((policy) => latencyEstimate(policy, metric));
  const decimals = millisecondDecimals(smallest(estimates.map((value) => value?.mean)));
  const cells = estimateColumn(estimates, { decimals, intervals });
  return { column: { head: `${metric} ms`, align: "right" }, cells };
}

export function failedColumn(
  policies: readonly PolicyResult[],
  { intervals }: FigureOptions,
): FigureColumn {
  const failed = policies.map((policy) => policy.metrics.failedPercent);
  const cells = estimateColumn(failed, { decimals: 2, intervals });
  return { column: { head: "failed %", align: "right" }, cells };
}

/** Money where there is a price, replica-hours where there is none; its interval is narrow. */
export function costColumn(policies: readonly PolicyResult[]): FigureColumn {
  const priced = policies.some((policy) => policy.metrics.costUsd !== null);
  const costs = policies.map(({ metrics }) => (priced ? metrics.costUsd : metrics.replicaHours));
  const cheap = smallest(costs.map((cost) => cost?.mean)) < 0.01;
  const cells = estimateColumn(costs, { decimals: priced && cheap ? 4 : 2, intervals: false });
  return { column: { head: priced ? "cost $" : "replica-h", align: "right" }, cells };
}

function smallest(values: readonly (number | undefined)[]): number {
  const known = values.filter((value) => value !== undefined).filter((value) => value > 0);
  return known.length === 0 ? 100 : Math.min(...known);
}
