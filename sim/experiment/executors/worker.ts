import { workerData } from "node:worker_threads";
import {
  ReplicationError,
  type ReplicationFailure,
  type ReplicationOutput,
  type ReplicationTask,
  runReplication,
} from "../replication.ts";
import { loadPolicies } from "./loadPolicies.ts";
import type { WorkerData } from "./workerThreads.ts";

/** Errors lose their class on the way between threads, so a failure travels as data. */
export type WorkerAnswer =
  | { readonly output: ReplicationOutput }
  | { readonly failure: ReplicationFailure };

/** Tinypool hands its own data first and the caller's second. */
const { policies }: WorkerData = Array.isArray(workerData) ? workerData[1] : workerData;
const registry = await loadPolicies(policies);

/** The function that the pool calls for every task. */
export default function work(task: ReplicationTask): WorkerAnswer {
  try {
    return { output: runReplication(task, registry) };
  } catch (error) {
    if (error instanceof ReplicationError) return { failure: error.failure };
    throw error;
  }
}
