import type { PolicyResult } from "../../sim/result/result.ts";
import { fixed, percentText } from "../format.ts";
import type { Line } from "./textStyle.ts";

/** What `run` shows of databases: rows for each table whose rows are locked, and each datastore. */
export const dependencyRows = (policy: PolicyResult): readonly (readonly Line[])[] => [
  ...lockRows(policy),
  ...datastoreRows(policy),
];

function datastoreRows({ replications }: PolicyResult): readonly (readonly Line[])[] {
  return (replications[0]?.datastores ?? []).map(({ datastore }, index) => {
    const seen = replications.flatMap(({ datastores }) => datastores?.[index] ?? []);
    const sum = (read: (one: (typeof seen)[number]) => number): number =>
      seen.reduce((total, one) => total + read(one), 0);
    const all = sum(({ requests }) => requests.reduce((total, count) => total + count, 0));
    const hottest = sum(({ requests }) => Math.max(...requests));
    const reads = sum(({ replicaReads }) => replicaReads);
    return [
      [datastore],
      [`busiest shard ${percentText((100 * hottest) / Math.max(all, 1))}`],
      [`stale ${percentText((100 * sum(({ staleReads }) => staleReads)) / Math.max(reads, 1))}`],
      [`failovers ${fixed(sum(({ failovers }) => failovers) / seen.length, 1)}`],
      [`lost writes ${fixed(sum(({ lostWrites }) => lostWrites) / seen.length, 1)}`],
    ];
  });
}

function lockRows({ replications }: PolicyResult): readonly (readonly Line[])[] {
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
