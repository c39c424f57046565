import { ACCESSES } from "../../dataplane/callSpec.ts";
import { count, duration, positiveDuration, word } from "./leaves.ts";
import { distribution } from "./time.ts";

/** What a query does to a datastore with replicas. */
export const access = word(
  ACCESSES,
  "To the primary, to change something (write) or not (read, the default), or to one of the " +
    "replicas, which may lack what was written last (replica-read).",
);

/** Of a datastore; any of them makes it one whose servers can die. */
export const replication = {
  shards: count(
    "The keys of requests are spread over so many servers, each as large as this. Default 1.",
    1,
    10_000,
  ).optional(),
  replicas: count("Copies of each shard, beside its primary. Default 0.", 0, 100).optional(),
  replicationLag: distribution(
    "From the answer to a write until replicas have it. Default 0s.",
  ).optional(),
  failover: duration(
    "From the death of a primary until a replica is in its place. Default 30s.",
  ).optional(),
  restart: positiveDuration(
    "From the death of a server (a fault kills the first of those that were primaries first) " +
      "until it is back. Default 2m.",
  ).optional(),
};
