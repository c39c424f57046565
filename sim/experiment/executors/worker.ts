import { workerData } from "node:worker_threads";
import { type ReplicationOutput, type ReplicationTask, runReplication } from "../replication.ts";
import { loadPolicies } from "./loadPolicies.ts";
import type { WorkerData } from "./workerThreads.ts";

/** Tinypool hands its own data first and the caller's second. */
const { policies }: WorkerData = Array.isArray(workerData) ? workerData[1] : workerData;
const registry = await loadPolicies(policies);

/** The function that the pool calls for every task. */
export default function work(task: ReplicationTask): ReplicationOutput {
  return runReplication(task, registry);
}
