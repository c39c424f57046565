import type { ReplicationSpec } from "../../dataplane/serviceSpec.ts";
import { micros, seconds } from "../../kernel/time.ts";
import type { DatastoreInput } from "../schema/services.ts";
import type { Path } from "../tree.ts";
import { durationOr } from "../units.ts";
import type { Context } from "./context.ts";
import { normaliseDistribution } from "./time.ts";

/** Ours: what managed databases promise is within a minute or two. */
const FAILOVER = seconds(30);
const RESTART = seconds(120);

export function normaliseReplication(
  context: Context,
  input: DatastoreInput,
  path: Path,
): ReplicationSpec | null {
  const { shards, replicas, replicationLag, failover, restart } = input;
  const written = [shards, replicas, replicationLag, failover, restart];
  if (written.every((setting) => setting === undefined)) return null;
  return {
    shards: shards ?? 1,
    replicas: replicas ?? 0,
    lag:
      replicationLag === undefined
        ? { kind: "constant", value: micros(0) }
        : normaliseDistribution(context, replicationLag, [...path, "replicationLag"]),
    failover: durationOr(failover, FAILOVER),
    restart: durationOr(restart, RESTART),
  };
}
