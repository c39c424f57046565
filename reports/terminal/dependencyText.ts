import type { PolicyResult } from "../../sim/result/result.ts";
import { fixed, percentText } from "../format.ts";
import type { Line } from "./textStyle.ts";

/** What `run` shows of locks: a row for each table. */
export function dependencyRows({ replications }: PolicyResult): readonly (readonly Line[])[] {
  const tables = (replications[0]?.locks ?? []).map(({ table }) => table);
  return tables.map((table, index) => {
    const seen = replications.flatMap(({ locks }) => locks?.[index] ?? []);
    const sum = (read: (one: (typeof seen)[number]) => number): number =>
      seen.reduce((total, one) => total + read(one), 0);
    const waited = sum((one) => one.waited);
    const wait = sum((one) => one.waited * (one.meanWaitMs ?? 0)) / Math.max(waited, 1);
    const taken = sum((one) => one.taken);
    return [
      [`lock ${table}`],
      [`taken ${fixed(taken / seen.length, 0)}`],
      [`waited ${percentText((100 * waited) / Math.max(taken, 1))}`],
      [`for ${fixed(wait, 1)} ms`],
      [`timed out ${fixed(sum((one) => one.timeouts) / seen.length, 1)}`],
    ];
  });
}
